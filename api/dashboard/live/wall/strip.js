// The strip beneath a tile: what all faces together showed in the last minutes, with the coverage beneath.

import { COLOURS, COVERAGE, LABELS, STACK } from "../../lib/labels.js";
import { hatch } from "../../lib/stack.js";

const COVERED = 5; // css px: height of the coverage
const SPACE = 2; // css px

const ORDER = STACK.map((name) => LABELS.indexOf(name));

// `kept` seconds until `now` (ms); `trouble` is the coverage that is going on and not told yet, or null.
export function drawStrip(surface, glance, { now, kept, trouble }, colours) {
  const { width, height } = surface.begin();
  const { context } = surface;
  const stack = height - COVERED - SPACE;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, width, stack);
  context.fillRect(0, height - COVERED, width, COVERED);
  const last = Math.floor(now / 1000);
  const edge = (second) => Math.round(((second - last + kept) / kept) * width); // no seams
  for (let second = last - kept + 1; second <= last; second += 1) {
    const values = glance.values(second);
    const [left, right] = [edge(second - 1), edge(second)];
    if (values && right > left) drawColumn(context, values, { left, width: right - left, height: stack });
  }
  const x = (time) => Math.round(Math.min(1, Math.max(0, (time / 1000 - last + kept) / kept)) * width);
  for (const { kind, started, ended } of glance.coverage.with(trouble)) {
    const place = { left: x(started), right: Math.max(x(ended), x(started) + (kind === "observed" ? 0 : 1)) };
    context.fillStyle = COVERAGE[kind].colour;
    context.fillRect(place.left, height - COVERED, place.right - place.left, COVERED);
    if (kind === "disconnected") hatch(context, place, { top: 0, bottom: stack }, colours);
  }
}

function drawColumn(context, values, { left, width, height }) {
  let bottom = height;
  STACK.forEach((name, layer) => {
    const high = values[ORDER[layer]] * height;
    context.fillStyle = COLOURS[name];
    context.fillRect(left, bottom - high, width, high + 0.5);
    bottom -= high;
  });
}
