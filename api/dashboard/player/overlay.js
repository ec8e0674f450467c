// What was read, drawn over the video in step with the frame that is shown.

import { drawReadings } from "../lib/boxes.js";
import { Surface } from "../lib/surface.js";

const STEP = 1000 / 30; // ms between two drawings
const EARLY = 2; // ms; the screen's own beat is not quite regular

export class Overlay {
  #surface;
  #video;
  #shape; // { width, height } of the pictures in pixels, for when no picture is shown
  #drawn = "";
  #next = -Infinity; // ms: when it is drawn next, at the earliest

  constructor(canvas, video, shape) {
    this.#surface = new Surface(canvas);
    this.#video = video;
    this.#shape = shape;
  }

  // Draws the readings of the moment `time`; nothing when it would look the same, or was drawn a moment ago:
  // a video that plays fast has more frames than anybody sees.
  draw(readings, time, revision) {
    const { clientWidth, clientHeight } = this.#surface.canvas;
    const drawing = `${time} ${revision} ${clientWidth}x${clientHeight} ${this.#video.videoWidth}`;
    const now = performance.now();
    if (drawing === this.#drawn || now < this.#next - EARLY) return;
    this.#drawn = drawing;
    this.#next = Math.max(this.#next, now) + STEP;
    const { width, height } = this.#surface.begin();
    const picture = this.#fit(width, height);
    const { context } = this.#surface;
    context.translate(picture.left, picture.top);
    drawReadings(context, readings, picture.width, picture.height);
  }

  // Where the picture lies in the element: whole, in the middle.
  #fit(width, height) {
    const wide = this.#video.videoWidth || this.#shape.width || 16;
    const high = this.#video.videoHeight || this.#shape.height || 9;
    const scale = Math.min(width / wide, height / high);
    const picture = { width: wide * scale, height: high * scale };
    return { ...picture, left: (width - picture.width) / 2, top: (height - picture.height) / 2 };
  }
}
