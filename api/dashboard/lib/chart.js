// Draws on canvases: the coverage, the axis, and a whole timeline at once. All times are ms.

import { COVERAGE } from "./labels.js";
import { hatch, paintSpans, paintStack } from "./stack.js";

// `view` is { started, ended }; `gap` the longest time between two readings that still belong together.
export function drawFace(surface, series, view, gap, colours) {
  const size = surface.begin();
  const whole = { left: 0, right: size.width };
  paintStack(surface.context, series, { view, gap, colours, size, part: whole });
  paintSpans(surface.context, series, { view, gap, colours, size });
}

export function drawCoverage(surface, coverage, view, colours) {
  const { width, height } = surface.begin();
  const { context } = surface;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, width, height);
  const x = (time) => Math.round(((time - view.started) / (view.ended - view.started)) * width); // no seams
  for (const { started, ended, kind, isOpen } of coverage) {
    if (ended < view.started || started > view.ended) continue;
    const left = Math.max(x(started), -8);
    const wide = Math.max(Math.min(x(ended), width + 8) - left, kind === "observed" ? 0 : 1); // trouble is never too short to see
    context.globalAlpha = isOpen ? 0.6 : 1; // not told yet
    if (kind === "disconnected") {
      hatch(context, { left, right: left + wide }, { top: 0, bottom: height }, colours);
      context.fillStyle = COVERAGE[kind].colour;
      context.fillRect(left, height - 3, wide, 3);
    } else {
      context.fillStyle = COVERAGE[kind].colour;
      context.fillRect(left, 0, wide, height);
    }
  }
  context.globalAlpha = 1;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400].map(
  (seconds) => seconds * 1000,
);
const SPACE = 12; // css px: the least distance of two times

export function drawAxis(surface, view, colours, words) {
  const { width } = surface.begin();
  const { context } = surface;
  const length = view.ended - view.started;
  const room = context.measureText(words(view.ended)).width + SPACE;
  const step = STEPS.find((ms) => (ms / length) * width >= room) ?? STEPS.at(-1);
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let at = Math.ceil(view.started / step) * step; at <= view.ended; at += step) {
    const x = ((at - view.started) / length) * width;
    context.fillRect(Math.round(x), 0, 1, 4);
    if (x > room / 2 - SPACE / 2 && x < width - room / 2 + SPACE / 2) context.fillText(words(at), x, 7);
  }
}
