// The readings drawn over the video, in step with the frame that is shown.

import { FRAME, JITTER } from "../app/shell.js";
import { drawReadings } from "../lib/boxes.js";
import { Surface } from "../lib/surface.js";

export class Overlay {
  #surface;
  #video;
  #frameSize;
  #drawn = "";
  #nextAt = -Infinity; // ms: the earliest time of the next drawing

  /** @param {{ width: number, height: number }} frameSize pixels, for when no frame is shown */
  constructor(canvas, video, frameSize) {
    this.#surface = new Surface(canvas);
    this.#video = video;
    this.#frameSize = frameSize;
  }

  /** Draw the readings of a moment (ms), unless nothing changed or the last drawing is too recent. */
  draw(readings, time, revision) {
    const { width, height } = this.#surface.size;
    const drawing = `${time} ${revision} ${width}x${height} ${this.#video.videoWidth}`;
    const now = performance.now();
    if (drawing === this.#drawn || now < this.#nextAt - JITTER) return;
    this.#drawn = drawing;
    this.#nextAt = Math.max(this.#nextAt, now) + FRAME; // a fast video has more frames
    this.#surface.begin();
    const frame = this.#placeOfFrame(width, height);
    const { context } = this.#surface;
    context.translate(frame.left, frame.top);
    drawReadings(context, readings, frame.width, frame.height);
  }

  // The whole frame, in the middle of the element.
  #placeOfFrame(width, height) {
    const frameWidth = this.#video.videoWidth || this.#frameSize.width || 16;
    const frameHeight = this.#video.videoHeight || this.#frameSize.height || 9;
    const scale = Math.min(width / frameWidth, height / frameHeight);
    const size = { width: frameWidth * scale, height: frameHeight * scale };
    return { ...size, left: (width - size.width) / 2, top: (height - size.height) / 2 };
  }
}
