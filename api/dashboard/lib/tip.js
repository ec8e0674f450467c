// The box beside the pointer: the values of one moment of a timeline, which a line marks in all rows.
// All times are ms.

import { labelColour } from "./colours.js";
import { byId, make } from "./elements.js";
import { COVERAGE_NAMES, duration, percent } from "./format.js";
import { LABELS, STACK_ORDER } from "./labels.js";

const tip = byId("tip");

/** Return the lines that show the reading nearest to a time, if it is no further away than `maxDistance`. */
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

/** Return the line that shows the coverage at a time. */
export function coverageLines(coverage, time, format) {
  const segment = coverage.find(({ started, ended }) => started <= time && time <= ended);
  if (!segment) return [line("tip-head", format(time), "no data yet")];
  const { kind, started, ended, isOpen } = segment;
  const length = `${duration(ended - started)}${isOpen ? " so far" : ""}`;
  return [line("tip-head", format(time), `${COVERAGE_NAMES[kind]}, ${length}`)];
}

/**
 * Show the box beside a pointer, and the line in the rows; hide both without a pointer on the page.
 * @param {{ canvas: HTMLCanvasElement, ratio: number } | null} pointer at a share (0..1) of the width
 * @param {() => HTMLElement[]} lines returns the content
 */
export function showTip(rows, pointer, lines) {
  const isShown = Boolean(pointer?.canvas.isConnected);
  tip.hidden = !isShown;
  rows.dataset.pointer = isShown ? "in" : "out";
  if (!isShown) return;
  tip.replaceChildren(...lines());
  rows.style.setProperty("--pointer", pointer.ratio.toFixed(5));
  placeTip(pointer);
}

// Puts the box where all of it is in the window.
function placeTip({ canvas, ratio }) {
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
