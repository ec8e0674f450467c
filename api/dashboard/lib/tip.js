// What is told of one moment of a timeline, in the box beside the pointer. All times are ms.

import { duration, percent } from "./format.js";
import { COLOURS, COVERAGE, LABELS, STACK } from "./labels.js";

// The values of the reading nearest to `at`, none further away than `gap`; `words` says a time.
export function valuesAt(series, at, gap, words) {
  const index = nearest(series, at);
  const found = index !== null && Math.abs(series.time(index) - at) <= gap;
  if (!found) return [line("tip-head", words(at), "no reading")];
  const label = series.label(index) < 0 ? "unsure" : LABELS[series.label(index)];
  const values = [...STACK].reverse().map((name) => {
    const value = series.value(index, LABELS.indexOf(name));
    const element = line(name === label ? "tip-line chosen" : "tip-line", name, percent(value));
    element.style.setProperty("--label", COLOURS[name]);
    return element;
  });
  return [line("tip-head", words(series.time(index)), label), ...values];
}

// What the stretch of coverage around `at` says.
export function coverageAt(coverage, at, words) {
  const found = coverage.find(({ started, ended }) => started <= at && at <= ended);
  if (!found) return [line("tip-head", words(at), "not told yet")];
  return [
    line(
      "tip-head",
      words(at),
      `${COVERAGE[found.kind].words}, ${duration(found.ended - found.started)}${found.isOpen ? " so far" : ""}`,
    ),
  ];
}

// Puts the box beside the point at `ratio` of the canvas's width, where it is seen whole.
export function placeTip(tip, canvas, ratio) {
  const place = canvas.getBoundingClientRect();
  const x = place.left + ratio * place.width;
  const toTheLeft = x + 14 + tip.offsetWidth > document.documentElement.clientWidth - 8;
  tip.style.left = `${Math.max(8, toTheLeft ? x - 14 - tip.offsetWidth : x + 14)}px`;
  tip.style.top = `${Math.max(8, Math.min(place.top, innerHeight - tip.offsetHeight - 8))}px`;
}

function nearest(series, at) {
  if (series.length === 0) return null;
  const after = Math.min(series.indexOf(at), series.length - 1);
  const before = Math.max(after - 1, 0);
  return at - series.time(before) < series.time(after) - at ? before : after;
}

function line(name, first, second) {
  const element = document.createElement("div");
  element.className = name;
  for (const text of [first, second])
    element.append(Object.assign(document.createElement("span"), { textContent: text }));
  return element;
}
