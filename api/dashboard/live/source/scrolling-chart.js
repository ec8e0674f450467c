// A face's timeline that moves: what was painted is shifted, and only what is new is painted.

import { paintSpans, paintStack } from "../../lib/stack.js";
import { Surface } from "../../lib/surface.js";

const OVERLAP = 2; // css px painted anew before the last reading that was painted

// The view's end moved to a whole pixel, so that what was painted fits when it is shifted.
export function onPixels(ended, length, pixels) {
  const step = length / Math.max(1, pixels);
  return Math.floor(ended / step) * step;
}

export class MovingChart {
  #painted = null; // { ended, length, width, height, revision, colours, last }
  surface;

  constructor(canvas) {
    this.surface = new Surface(canvas);
  }

  // `revision` changes when something older than the newest readings did.
  draw(series, view, gap, colours, revision) {
    const { surface } = this;
    const size = surface.fit();
    const { canvas, context, scale } = surface;
    if (canvas.width === 0) return;
    const wanted = {
      ended: view.ended,
      length: view.ended - view.started,
      wide: canvas.width,
      high: canvas.height,
      revision,
      colours,
    };
    const part = { left: this.#shift(wanted, scale), right: size.width };
    const how = { view, gap, colours, size };
    if (part.left < part.right) paintStack(context, series, { ...how, part });
    paintSpans(context, series, how);
    this.#painted = { ...wanted, last: series.length > 0 ? series.last : -Infinity };
  }

  // Moves what can be kept to its new place; returns from where on (css px) it has to be painted.
  #shift(wanted, scale) {
    const { context, canvas } = this.surface;
    const painted = this.#painted;
    const same =
      painted &&
      ["length", "wide", "high", "revision", "colours"].every((name) => painted[name] === wanted[name]);
    const pixels = same ? Math.round(((wanted.ended - painted.ended) / wanted.length) * canvas.width) : -1;
    const known = same
      ? canvas.width * (1 - (wanted.ended - Math.min(painted.last, painted.ended)) / wanted.length)
      : 0;
    const from = Math.floor(known - OVERLAP * scale) / scale;
    if (pixels < 0 || from <= 0) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      return 0;
    }
    if (pixels > 0) {
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "copy";
      context.drawImage(canvas, -pixels, 0);
      context.restore();
    }
    return from;
  }
}
