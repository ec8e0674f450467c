// The live picture: each frame with the readings of its own moment.

import { sourcePath } from "../../app/sources-api.js";
import { drawReadings } from "../../lib/boxes.js";
import { byId, setText } from "../../lib/elements.js";
import { clock } from "../../lib/format.js";
import { Surface } from "../../lib/surface.js";
import { BAD_REQUEST, RetryingSocket } from "../retrying-socket.js";

const MAX_WAITING = 40; // frames that wait for their readings; some 0.9 MB each
const MAX_WAIT = 3000; // ms that a frame waits while readings are expected
const MAX_DISTANCE = 0.2; // s between a frame and a reading that is drawn on it
const STALE = 2000; // ms without a frame after which the picture is dimmed; longer at low rates
const SILENCE = 5000; // ms without a frame of a live source after which the connection is dead
const PAUSES = [500, 1000, 2000, 4000]; // ms before each new attempt

export class LivePicture {
  #source;
  #history;
  #surface = new Surface(byId("picture"));
  #caption = byId("picture-text");
  #socket;
  #isClosed = false;
  #frames = []; // { mediaTime, arrivedAt, bitmap }, in order
  #activeAt = 0; // ms, by performance.now(): when a frame came, or the connection was requested
  #newestAt = null; // ms, by the clock: when the newest frame came
  #shown = null; // frame
  #drawn = null;

  /** @param {object} source as the API sends it @param {import("./history.js").History} history */
  constructor(source, history) {
    this.#source = source;
    this.#history = history;
    const target = () => {
      this.#activeAt = performance.now();
      return [sourcePath(source.id, "frames")];
    };
    this.#socket = new RetryingSocket(target, PAUSES, {
      message: (data) => this.#receive(data),
      closed: (code) => code < BAD_REQUEST, // else the source is gone, or shows no picture
    });
    this.resume();
  }

  close() {
    this.#isClosed = true;
    this.pause();
    for (const frame of [...this.#frames, this.#shown]) frame?.bitmap.close();
    const { context, canvas } = this.#surface;
    context.clearRect(0, 0, canvas.width, canvas.height);
    canvas.style.removeProperty("--shape"); // the next source has its own
  }

  /** Draw the newest frame whose readings are there. A live source is expected to send frames. */
  draw(status, { isLive }) {
    if (this.#source.picture === "none") {
      this.#drawWithoutFrame(status);
      return;
    }
    const now = performance.now();
    const quiet = now - this.#activeAt;
    const threeFrames = 3000 / this.#source.rate; // ms; frames come no oftener than readings
    if (isLive && this.#socket.isOpen && quiet > Math.max(SILENCE, threeFrames)) this.reconnect();
    this.#choose(now);
    const isStill = this.#shown === null || quiet > Math.max(STALE, threeFrames);
    this.#caption.hidden = !isStill;
    if (isStill) setText(this.#caption, this.#stillText(status));
    this.#surface.canvas.classList.toggle("still", isStill);
    if (this.#shown === null) return;
    const { width, height } = this.#surface.size;
    const drawing = `${this.#shown.mediaTime} ${width}x${height} ${isStill}`;
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    this.#paint(isStill);
  }

  resume() {
    if (this.#source.picture !== "none") this.#socket.open();
  }

  /** Receive no more frames until resume(); the last one stays. */
  pause() {
    this.#socket.close();
  }

  /** Connect again: a broken connection may go unnoticed. */
  reconnect() {
    this.pause();
    this.resume();
  }

  // Boxes and keypoints alone, for a source whose picture is not shown.
  #drawWithoutFrame({ tone, text }) {
    this.#caption.hidden = false;
    setText(this.#caption, tone === "bad" ? text : "The picture of this source is not shown.");
    if (this.#history.newestMediaTime === this.#drawn) return;
    this.#drawn = this.#history.newestMediaTime;
    const { width, height } = this.#surface.begin();
    const readings = this.#history.readingsAt(this.#drawn, MAX_DISTANCE);
    drawReadings(this.#surface.context, readings, width, height);
  }

  #stillText({ tone, text }) {
    if (tone === "bad") return text;
    if (this.#shown !== null) return `no picture since ${clock(this.#newestAt)}`;
    return tone === "good" ? "waiting for a picture" : text;
  }

  async #receive(data) {
    if (typeof data === "string") return; // why the connection is closed next
    this.#socket.resetBackoff();
    const mediaTime = Number(new DataView(data).getBigInt64(0, true)) / 1e9;
    const arrivedAt = performance.now();
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
    } catch {
      return; // damaged; the next one follows
    }
    if (this.#isClosed) {
      bitmap.close();
      return;
    }
    this.#activeAt = arrivedAt;
    this.#newestAt = Date.now();
    this.#frames.push({ mediaTime, arrivedAt, bitmap });
    if (this.#frames.length > MAX_WAITING) this.#frames.shift().bitmap.close();
  }

  // Takes the newest frame that has its readings, or has waited long enough for them.
  #choose(now) {
    const read = this.#history.newestMediaTime;
    const maxWait = this.#history.expectsReadings(now) ? MAX_WAIT : 0;
    const isReady = ({ mediaTime, arrivedAt }) => mediaTime <= read || now - arrivedAt > maxWait;
    const index = this.#frames.findLastIndex(isReady);
    if (index < 0) return;
    const older = [...this.#frames.splice(0, index), this.#shown];
    this.#shown = this.#frames.shift();
    for (const frame of older) frame?.bitmap.close();
  }

  #paint(isStill) {
    const { bitmap, mediaTime } = this.#shown;
    const { canvas, context } = this.#surface;
    canvas.style.setProperty("--shape", bitmap.width / bitmap.height);
    const { width, height } = this.#surface.begin();
    context.drawImage(bitmap, 0, 0, width, height);
    if (isStill) return;
    drawReadings(context, this.#history.readingsAt(mediaTime, MAX_DISTANCE), width, height);
  }
}
