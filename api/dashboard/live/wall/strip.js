// The strip at the foot of a tile: stacked means of all faces in the last minutes, and the coverage below.

import { minWidth } from "../../lib/chart.js";
import { pageColours } from "../../lib/colours.js";
import { COVERAGE_COLOURS, LABEL_COLOURS, STACK_ORDER } from "../../lib/labels.js";
import { hatch, LAYERS } from "../../lib/stack.js";
import { LENGTH } from "./recent-summary.js";

const COVERAGE_HEIGHT = 5; // css px
const SPACE = 2; // css px

/** @param {number} now ms @param outage that is going on and not reported yet */
export function drawStrip(surface, summary, now, outage) {
  const { width, height } = surface.begin();
  const { context } = surface;
  const stackHeight = height - COVERAGE_HEIGHT - SPACE;
  context.fillStyle = pageColours().sunken;
  context.fillRect(0, 0, width, stackHeight);
  context.fillRect(0, height - COVERAGE_HEIGHT, width, COVERAGE_HEIGHT);
  const first = Math.floor(now / 1000) - LENGTH;
  const toX = (second) => Math.round(Math.min(1, Math.max(0, (second - first) / LENGTH)) * width); // no seams
  for (let second = first + 1; second <= first + LENGTH; second += 1) {
    const values = summary.valuesAt(second);
    const [left, right] = [toX(second - 1), toX(second)];
    if (values && right > left) drawColumn(context, values, left, right - left, stackHeight);
  }
  for (const { kind, started, ended } of summary.coverage.withOpen(outage)) {
    const left = toX(started / 1000);
    const right = Math.max(toX(ended / 1000), left + minWidth(kind));
    context.fillStyle = COVERAGE_COLOURS[kind];
    context.fillRect(left, height - COVERAGE_HEIGHT, right - left, COVERAGE_HEIGHT);
    if (kind === "disconnected") hatch(context, { left, right }, { top: 0, bottom: stackHeight });
  }
}

function drawColumn(context, values, left, width, height) {
  let bottom = height;
  STACK_ORDER.forEach((name, layer) => {
    const layerHeight = values[LAYERS[layer]] * height;
    context.fillStyle = LABEL_COLOURS[name];
    context.fillRect(left, bottom - layerHeight, width, layerHeight + 0.5); // no seam
    bottom -= layerHeight;
  });
}
