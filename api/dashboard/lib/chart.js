// Charts on canvases: the coverage, the time axis, and a face's whole timeline. All times are ms.
// A `surface` is a Surface, a `series` a Series, a `range` a TimeRange.
//
// No chart library serves. The live timelines of a dozen faces scroll 30 times a second in a fifth of a
// core: they shift the pixels that are there and paint new columns alone, where libraries redraw
// everything. Libraries do not hatch readings without a label. The page loads nothing from other servers,
// so that it works offline: a library would have to be shipped, and chart.js, stack.js and tip.js together
// have 14 kB.

import { pageColours } from "./colours.js";
import { COVERAGE_COLOURS } from "./labels.js";
import { hatch, paintSpans, paintStack } from "./stack.js";

/** Draw a face's timeline anew; readings further apart than `maxGap` do not belong together. */
export function drawFace(surface, series, range, maxGap) {
  const size = surface.begin();
  const options = { range, maxGap, size };
  paintStack(surface.context, series, { ...options, part: { left: 0, right: size.width } });
  paintSpans(surface.context, series, options);
}

/** @param {import("./records.js").CoverageSegment[]} coverage */
export function drawCoverage(surface, coverage, range) {
  const { width, height } = surface.begin();
  const { context } = surface;
  context.fillStyle = pageColours().sunken;
  context.fillRect(0, 0, width, height);
  const scale = width / (range.ended - range.started);
  const toX = (time) => Math.round((time - range.started) * scale); // whole pixels leave no seams
  for (const { started, ended, kind, isOpen } of coverage) {
    if (ended < range.started || started > range.ended) continue;
    const left = Math.max(toX(started), -8);
    const right = Math.max(Math.min(toX(ended), width + 8), left + minWidth(kind));
    context.globalAlpha = isOpen ? 0.6 : 1;
    context.fillStyle = COVERAGE_COLOURS[kind];
    if (kind === "disconnected") {
      hatch(context, { left, right }, { top: 0, bottom: height });
      context.fillRect(left, height - 3, right - left, 3);
    } else {
      context.fillRect(left, 0, right - left, height);
    }
  }
  context.globalAlpha = 1;
}

/** Return the least width (css px) of a segment of coverage: outages are never too short to be seen. */
export const minWidth = (kind) => (kind === "observed" ? 0 : 1);

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400].map((s) => s * 1000);
const LABEL_DISTANCE = 12; // css px, at least

/** @param {(time: number) => string} format */
export function drawAxis(surface, range, format) {
  const { width } = surface.begin();
  const { context } = surface;
  const length = range.ended - range.started;
  const room = context.measureText(format(range.ended)).width + LABEL_DISTANCE;
  const step = STEPS.find((ms) => (ms / length) * width >= room) ?? STEPS.at(-1);
  const margin = (room - LABEL_DISTANCE) / 2;
  context.fillStyle = pageColours().muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let time = Math.ceil(range.started / step) * step; time <= range.ended; time += step) {
    const x = ((time - range.started) / length) * width;
    context.fillRect(Math.round(x), 0, 1, 4);
    if (x > margin && x < width - margin) context.fillText(format(time), x, 7);
  }
}
