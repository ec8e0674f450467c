// The box beside the pointer: the values of one moment of a timeline. All times are ms.

import { labelColour } from "./colours.js";
import { make } from "./elements.js";
import { COVERAGE_NAMES, duration, percent } from "./format.js";
import { LABELS, STACK_ORDER } from "./labels.js";

/**
 * Return the lines that show the reading nearest to a time.
 * @param {import("./series.js").Series} series
 * @param {number} time
 * @param {number} maxDistance of the reading from that time
 * @param {(time: number) => string} format
 */
export function readingLines(series, time, maxDistance, format) {
  const index = nearestIndex(series, time);
  const isNear = index !== null && Math.abs(series.time(index) - time) <= maxDistance;
  if (!isNear) return [line("tip-head", format(time), "no reading")];
  const label = LABELS[series.label(index)] ?? "unsure";
  const values = STACK_ORDER.toReversed().map((name) => {
    const value = percent(series.value(index, LABELS.indexOf(name)));
    const element = line(name === label ? "tip-line chosen" : "tip-line", name, value);
    element.style.setProperty("--label", labelColour(name));
    return element;
  });
  return [line("tip-head", format(series.time(index)), label), ...values];
}

/**
 * Return the line that shows the coverage at a time.
 * @param {import("./records.js").CoverageSegment[]} coverage
 * @param {number} time
 * @param {(time: number) => string} format
 */
export function coverageLines(coverage, time, format) {
  const segment = coverage.find(({ started, ended }) => started <= time && time <= ended);
  if (!segment) return [line("tip-head", format(time), "no data yet")];
  const { kind, started, ended, isOpen } = segment;
  const length = `${duration(ended - started)}${isOpen ? " so far" : ""}`;
  return [line("tip-head", format(time), `${COVERAGE_NAMES[kind]}, ${length}`)];
}

/** Put the box beside the point at `ratio` (0..1) of the canvas's width, where all of it is in the window. */
export function placeTip(tip, canvas, ratio) {
  const place = canvas.getBoundingClientRect();
  const x = place.left + ratio * place.width;
  const isOnLeft = x + 14 + tip.offsetWidth > document.documentElement.clientWidth - 8;
  tip.style.left = `${Math.max(8, isOnLeft ? x - 14 - tip.offsetWidth : x + 14)}px`;
  tip.style.top = `${Math.max(8, Math.min(place.top, innerHeight - tip.offsetHeight - 8))}px`;
}

function nearestIndex(series, time) {
  if (series.length === 0) return null;
  const after = Math.min(series.indexOf(time), series.length - 1);
  const before = Math.max(after - 1, 0);
  return time - series.time(before) < series.time(after) - time ? before : after;
}

function line(className, ...texts) {
  return make("div", { className }, ...texts.map((textContent) => make("span", { textContent })));
}
