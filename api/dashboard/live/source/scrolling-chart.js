// A face's timeline that scrolls: what is painted is shifted, and new columns alone are painted.

import { pageColours } from "../../lib/colours.js";
import { paintSpans, paintStack } from "../../lib/stack.js";
import { Surface } from "../../lib/surface.js";

const OVERLAP = 2; // css px painted again before the last reading that was painted
const UNCHANGED = ["length", "width", "height", "revision", "colours"]; // else all is painted again

/** Round a window's end down to whole pixels, so that shifted pixels fit. */
export function snapToPixels(ended, length, pixels) {
  const step = length / Math.max(1, pixels);
  return Math.floor(ended / step) * step;
}

export class ScrollingChart {
  #painted = null; // { ended, length, width, height, revision, colours, last } of the last drawing
  #surface;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#surface = new Surface(canvas);
  }

  /** Draw a range of a series; `revision` changes when something older than the newest readings did. */
  draw(series, range, maxGap, revision) {
    const size = this.#surface.fit();
    const { context, canvas } = this.#surface;
    const { width, height } = canvas;
    if (width === 0) return;
    const length = range.ended - range.started;
    const drawing = { ended: range.ended, length, width, height, revision, colours: pageColours() };
    const part = { left: this.#shift(drawing), right: size.width };
    const options = { range, maxGap, size };
    if (part.left < part.right) paintStack(context, series, { ...options, part });
    paintSpans(context, series, options);
    this.#painted = { ...drawing, last: series.length > 0 ? series.last : -Infinity };
  }

  // Shifts what can stay; returns from where on (css px) the chart has to be painted.
  #shift(drawing) {
    const { context, canvas, scale } = this.#surface;
    const painted = this.#painted;
    const canShift = painted && UNCHANGED.every((name) => painted[name] === drawing[name]);
    const toPixels = (time) => (time / drawing.length) * canvas.width;
    const shift = canShift ? Math.round(toPixels(drawing.ended - painted.ended)) : -1;
    const age = canShift ? drawing.ended - Math.min(painted.last, painted.ended) : Infinity;
    const from = Math.floor(canvas.width - toPixels(age) - OVERLAP * scale) / scale;
    if (shift < 0 || from <= 0) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      return 0;
    }
    if (shift > 0) {
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "copy";
      context.drawImage(canvas, -shift, 0);
      context.restore();
    }
    return from;
  }
}
