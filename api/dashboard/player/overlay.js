// What was read, drawn over the video in step with the frame that is shown.

import { Surface } from "../chart.js";
import { drawReading } from "../picture.js";

export class Overlay {
  #surface;
  #video;
  #shape; // { width, height } of the pictures in pixels, for when no picture is shown
  #drawn = "";

  constructor(canvas, video, shape) {
    this.#surface = new Surface(canvas);
    this.#video = video;
    this.#shape = shape;
  }

  // Draws the readings of the moment `time`; nothing when it would look the same.
  draw(readings, time, revision) {
    const { clientWidth, clientHeight } = this.#surface.canvas;
    const drawing = `${time} ${revision} ${clientWidth}x${clientHeight} ${this.#video.videoWidth}`;
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    const { width, height } = this.#surface.begin();
    const picture = this.#fit(width, height);
    const { context } = this.#surface;
    context.translate(picture.left, picture.top);
    for (const reading of readings) drawReading(context, reading, picture.width, picture.height);
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
