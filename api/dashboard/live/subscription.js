// Follows a source's messages over a websocket, and goes on from its cursor whenever it breaks.

import { openSocket, Problem, signOut } from "../app/http.js";

const SILENCE = 4000; // ms; a heartbeat comes each second, so longer means that the connection is dead
const PAUSES = [250, 500, 1000, 2000, 4000]; // ms before each new try
const TOO_LONG = 120_000; // ms away after which the overview tells what was missed, not every message
const BAD_REQUEST = 4400;
const UNAUTHORISED = 4401;
const GONE = [4403, 4404, 4410];

export class Follower {
  #source;
  #first;
  #on;
  #cursor = null;
  #heard = 0; // ms: when the last message came
  #socket = null;
  #opening = null; // names the attempt that counts
  #tries = 0;
  #refused = null; // the problem that the server told before it closed
  #timer = null;
  #watchdog = null;

  // `first` is the history that comes before the live messages, as in "-60s".
  // Calls back on: message(object), connected(), lost(problem) with what the server said of it or null, removed(), and missed() where messages were left out.
  constructor(source, first, on) {
    this.#source = source;
    this.#first = first;
    this.#on = on;
    this.#open();
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#drop();
  }

  async #open() {
    if (this.#cursor && Date.now() - this.#heard > TOO_LONG) this.#startOver();
    const query = this.#cursor ? { after: this.#cursor } : { from: this.#first };
    const opening = (this.#opening = Symbol("attempt"));
    this.#watch();
    let socket;
    try {
      socket = await openSocket(`/v1/sources/${encodeURIComponent(this.#source)}/live`, query);
    } catch (problem) {
      if (this.#opening === opening) this.#closed(0, problem);
      return;
    }
    if (this.#opening !== opening) {
      socket.close();
      return;
    }
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
  }

  #take(message) {
    this.#watch();
    if (message.type === "error" && message.code === "unavailable") {
      this.#refused = new Problem(message.detail, [], 503);
      return;
    }
    if (this.#tries > 0 || this.#heard === 0) this.#on.connected();
    this.#tries = 0;
    this.#heard = Date.now();
    if (message.cursor) this.#cursor = message.cursor;
    if (message.type === "error" && ["missed", "expired"].includes(message.code)) this.#on.missed();
    else this.#on.message(message);
  }

  #startOver() {
    this.#cursor = null;
    this.#on.missed();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#drop();
      this.#closed(0);
    }, SILENCE);
  }

  #drop() {
    this.#opening = null;
    if (!this.#socket) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  // `problem` is what the server said of it, if it did.
  #closed(code, problem = this.#refused) {
    this.#refused = null;
    clearTimeout(this.#watchdog);
    if (code === UNAUTHORISED) signOut();
    if (GONE.includes(code)) {
      this.#on.removed();
      return;
    }
    if (code === BAD_REQUEST && this.#cursor) this.#startOver(); // a cursor of another server's
    this.#on.lost(problem);
    const pause = PAUSES[Math.min(this.#tries, PAUSES.length - 1)];
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#open(), pause);
  }
}
