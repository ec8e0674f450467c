// The legends beneath the timelines: the colour of each label and of each kind of coverage.

import { make } from "./elements.js";
import { COVERAGE_NAMES } from "./format.js";
import { COVERAGE_COLOURS, LABEL_COLOURS, STACK_ORDER } from "./labels.js";

/** @param {HTMLElement} labels @param {HTMLElement} coverage the two lists to fill */
export function fillLegends(labels, coverage) {
  labels.replaceChildren(
    ...STACK_ORDER.map((label) => entry(label, LABEL_COLOURS[label])),
    make("li", { textContent: "unsure", className: "hatched" }),
  );
  const kinds = Object.entries(COVERAGE_COLOURS);
  coverage.replaceChildren(...kinds.map(([kind, colour]) => entry(COVERAGE_NAMES[kind], colour)));
}

function entry(text, colour) {
  const element = make("li", { textContent: text });
  element.style.setProperty("--label", colour);
  return element;
}
