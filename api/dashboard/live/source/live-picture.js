// The live picture with what was read in it, each frame with its own readings.

import { openSocket, signOut } from "../../app/http.js";
import { drawReadings } from "../../lib/boxes.js";
import { write } from "../../lib/elements.js";
import { clock } from "../../lib/format.js";
import { Surface } from "../../lib/surface.js";

const WAITING = 40; // frames that may wait for their readings; some 0.9 MB each
const PATIENCE = 3000; // ms that a frame waits for its readings while some are expected
const NEAR = 0.2; // s between a frame and a reading that is drawn on it
const STALE = 2000; // ms without a frame after which the picture is said to stand still, where frames come fast
const SILENCE = 5000; // ms without a frame from a live source after which the connection is taken for dead
const PAUSES = [500, 1000, 2000, 4000]; // ms before each new try
const BAD_REQUEST = 4400;
const UNAUTHORISED = 4401;

export class Picture {
  #source;
  #history;
  #surface;
  #words;
  #socket = null;
  #opening = null; // names the attempt that counts; null: nobody looks
  #timer = null;
  #tries = 0;
  #closed = false;
  #frames = []; // { mediaTime, arrived, bitmap }, in order
  #heard = 0; // ms: when the newest of them came, or the connection was made; on the clock of performance.now()
  #newestAt = null; // ms: when the newest came, on the clock of the day
  #shown = null;
  #shape = 0; // width / height; 0 while no frame was shown
  #drawn = null; // what was drawn last, so as not to draw it again

  constructor(source, history, canvas, words) {
    this.#source = source;
    this.#history = history;
    this.#surface = new Surface(canvas);
    this.#words = words;
    this.open();
  }

  close() {
    this.#closed = true;
    this.shut();
    for (const frame of [...this.#frames, this.#shown]) frame?.bitmap.close();
    const { context, canvas } = this.#surface;
    context.clearRect(0, 0, canvas.width, canvas.height);
    canvas.style.removeProperty("--shape"); // the next source has its own
  }

  // Shows the newest frame whose readings are there. `names` says in words how the source stands; `isLive` is
  // whether frames of it are to be expected.
  draw(names, { isLive }) {
    if (this.#source.picture === "none") {
      this.#drawWithout(names);
      return;
    }
    const now = performance.now();
    const quiet = now - this.#heard;
    if (isLive && this.#socket !== null && quiet > Math.max(SILENCE, this.#threeFrames)) this.reopen();
    this.#choose(now);
    const still = this.#shown === null || quiet > Math.max(STALE, this.#threeFrames);
    this.#words.hidden = !still;
    if (still) write(this.#words, this.#stillWords(names));
    this.#surface.canvas.classList.toggle("still", still);
    if (this.#shown === null) return;
    const { width, height } = this.#surface.size;
    const drawing = `${this.#shown.mediaTime} ${width}x${height} ${still}`;
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    this.#paint(still);
  }

  // Boxes and keypoints alone, for a source whose picture nobody may see.
  #drawWithout(names) {
    this.#words.hidden = false;
    write(this.#words, names.tone === "bad" ? names.words : "The picture of this source is not shown.");
    if (this.#history.newestMediaTime === this.#drawn) return;
    this.#drawn = this.#history.newestMediaTime;
    const { width, height } = this.#surface.begin();
    drawReadings(this.#surface.context, this.#history.readingsAt(this.#drawn, NEAR), width, height);
  }

  // In ms; they come no oftener than they are read.
  get #threeFrames() {
    return 3000 / this.#source.rate;
  }

  #stillWords(names) {
    if (this.#shown === null) return names.tone === "good" ? "waiting for a picture" : names.words;
    const since = `no picture since ${clock(this.#newestAt)}`;
    return names.tone === "bad" ? names.words : since;
  }

  // Begins to ask for pictures.
  async open() {
    if (this.#opening !== null || this.#source.picture === "none") return;
    const opening = (this.#opening = Symbol("attempt"));
    let socket;
    try {
      socket = await openSocket(`/v1/sources/${encodeURIComponent(this.#source.id)}/frames`);
    } catch {
      if (this.#opening === opening) this.#again(0);
      return;
    }
    if (this.#opening !== opening) {
      socket.close();
      return;
    }
    this.#socket = socket;
    this.#heard = performance.now();
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      // text tells why it is closed next
      if (typeof data !== "string") this.#take(data);
    };
    socket.onclose = ({ code }) => this.#again(code);
  }

  #again(code) {
    this.#socket = null;
    if (code === UNAUTHORISED) signOut();
    if (code >= BAD_REQUEST) return; // the source is gone, or shows no picture
    this.#opening = null;
    this.#timer = setTimeout(() => this.open(), PAUSES[Math.min(this.#tries, PAUSES.length - 1)]);
    this.#tries += 1;
  }

  // Asks anew: what the connection was made through may have gone without a word.
  reopen() {
    this.shut();
    this.open();
  }

  // Asks no longer; what was shown stays.
  shut() {
    clearTimeout(this.#timer);
    this.#opening = null;
    if (this.#socket === null) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  async #take(data) {
    this.#tries = 0;
    const mediaTime = Number(new DataView(data).getBigInt64(0, true)) / 1e9;
    const arrived = performance.now();
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
    } catch {
      return; // a damaged picture: the next one follows
    }
    if (this.#closed) {
      bitmap.close();
      return;
    }
    this.#heard = arrived;
    this.#newestAt = Date.now();
    this.#frames.push({ mediaTime, arrived, bitmap });
    if (this.#frames.length > WAITING) this.#frames.shift().bitmap.close();
  }

  #choose(now) {
    const read = this.#history.newestMediaTime;
    const patience = this.#history.expectsReadings(now) ? PATIENCE : 0; // nobody in view: nothing to wait for
    let ready = -1;
    this.#frames.forEach((frame, index) => {
      if (frame.mediaTime <= read || now - frame.arrived > patience) ready = index;
    });
    if (ready < 0) return;
    const [shown] = this.#frames.splice(ready, 1);
    for (const frame of [...this.#frames.splice(0, ready), this.#shown]) frame?.bitmap.close();
    this.#shown = shown;
  }

  #paint(still) {
    const { bitmap, mediaTime } = this.#shown;
    const { canvas, context } = this.#surface;
    const shape = bitmap.width / bitmap.height;
    if (shape !== this.#shape) canvas.style.setProperty("--shape", (this.#shape = shape));
    const { width, height } = this.#surface.begin();
    context.drawImage(bitmap, 0, 0, width, height);
    if (still) return;
    drawReadings(context, this.#history.readingsAt(mediaTime, NEAR), width, height);
  }
}
