// The picture in its area, and the readings drawn over it, in step with the frame that is shown.

import { FRAME, JITTER } from "../app/shell.js";
import { drawReadings } from "../lib/boxes.js";
import { Surface } from "../lib/surface.js";
import { placeOf, shapeOf, stretchOf, styleOf } from "./picture-place.js";

export class Overlay {
  #surface;
  #video;
  #element; // with the picture
  #turn; // of that element
  #recording;
  #stretch = null; // of the browser's picture, once its first frame is there
  #drawn = "";
  #nextAt = -Infinity; // ms: the earliest time of the next drawing

  /** @param {{ width: number, height: number, player_turn: string, aspect: string | null }} recording */
  constructor(canvas, { video, still }, recording) {
    this.#surface = new Surface(canvas);
    this.#video = video;
    this.#element = recording.kind === "picture" ? still : video;
    this.#turn = recording.kind === "picture" ? "0" : recording.player_turn; // the server turns pictures
    this.#recording = recording;
  }

  /** Draw the readings of a moment (ms), unless nothing changed or the last drawing is too recent. */
  draw(readings, time, revision, { hasFrame }) {
    const { width, height } = this.#surface.size;
    const shape = this.#shapeOfPicture(hasFrame);
    const drawing = `${time} ${revision} ${width}x${height} ${shape.width}x${shape.height}`;
    const now = performance.now();
    if (drawing === this.#drawn || now < this.#nextAt - JITTER) return;
    this.#drawn = drawing;
    this.#nextAt = Math.max(this.#nextAt, now) + FRAME; // a fast video has more frames
    const place = placeOf(shape, { width, height });
    Object.assign(this.#element.style, styleOf(place, this.#turn));
    this.#surface.begin();
    const { context } = this.#surface;
    context.translate(place.left, place.top);
    drawReadings(context, readings, place.width, place.height);
  }

  // The size in pixels may change on the way; an aspect that the user gave is that of all pictures.
  #shapeOfPicture(hasFrame) {
    const { width, height, aspect } = this.#recording;
    const first = { width: width || 16, height: height || 9 };
    if (!hasFrame || aspect) return first;
    const frame = { width: this.#video.videoWidth, height: this.#video.videoHeight };
    this.#stretch ??= stretchOf(frame, this.#turn, first);
    return shapeOf(frame, this.#turn, this.#stretch);
  }
}
