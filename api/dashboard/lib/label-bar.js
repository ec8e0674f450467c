// A bar whose parts show the share of each label.

import { make } from "./elements.js";
import { LABEL_COLOURS, STACK_ORDER } from "./labels.js";

const UNSURE = "unsure";

/** Make a bar with a part for each label, and one for the time without a label. */
export function makeLabelBar() {
  const bar = make("div", { className: "bar", ariaHidden: "true" });
  for (const label of [...STACK_ORDER, UNSURE]) {
    const part = bar.appendChild(make("i", { className: label === UNSURE ? "hatched" : "" }));
    part.style.background = LABEL_COLOURS[label] ?? "";
  }
  return bar;
}

/** Show shares (0..1) in a bar. @param {HTMLElement} bar @param {Record<string, number>} shares by label */
export function showShares(bar, shares) {
  [...STACK_ORDER, UNSURE].forEach((label, index) => {
    bar.children[index].style.flexGrow = shares[label] ?? 0;
  });
}
