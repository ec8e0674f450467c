// Follows a source's messages over a websocket, and goes on from its cursor whenever it breaks.

const FIRST = "-60s"; // history that arrives before the live messages
const SILENCE = 4000; // ms; a heartbeat comes each second, so longer means that the connection is dead
const PAUSES = [250, 500, 1000, 2000, 4000]; // ms before each new try
const BAD_REQUEST = 4400;
const GONE = [4404, 4410];

// Calls back on: message(object), connected(), lost(), removed().
export class Follower {
  #source;
  #on;
  #cursor = null;
  #socket = null;
  #tries = 0;
  #timer = null;
  #watchdog = null;

  constructor(source, on) {
    this.#source = source;
    this.#on = on;
    this.#open();
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#drop();
  }

  #open() {
    const query = new URLSearchParams(this.#cursor ? { after: this.#cursor } : { from: FIRST });
    const url = new URL(`/v1/sources/${encodeURIComponent(this.#source)}/live?${query}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    this.#socket.onclose = (event) => this.#closed(event.code);
    this.#watch();
  }

  #take(message) {
    this.#watch();
    if (this.#tries > 0 || this.#cursor === null) this.#on.connected();
    this.#tries = 0;
    if (message.cursor) this.#cursor = message.cursor;
    this.#on.message(message);
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#drop();
      this.#closed(0);
    }, SILENCE);
  }

  #drop() {
    if (!this.#socket) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  #closed(code) {
    clearTimeout(this.#watchdog);
    if (GONE.includes(code)) {
      this.#on.removed();
      return;
    }
    if (code === BAD_REQUEST) this.#cursor = null; // a cursor of another server's: begin anew
    this.#on.lost();
    const pause = PAUSES[Math.min(this.#tries, PAUSES.length - 1)];
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#open(), pause);
  }
}
