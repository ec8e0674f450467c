// Which colour means what, beside the timelines.

import { COLOURS, COVERAGE, STACK } from "./labels.js";

// Fills the lists of the labels and of the kinds of coverage.
export function fillLegends(labels, coverage) {
  fill(labels, [...STACK.map((name) => [name, COLOURS[name]]), ["unsure", "hatched"]]);
  labels.lastChild.className = "hatched";
  fill(
    coverage,
    Object.values(COVERAGE).map(({ words, colour }) => [words, colour]),
  );
}

function fill(list, entries) {
  list.replaceChildren(
    ...entries.map(([words, colour]) => {
      const element = Object.assign(document.createElement("li"), { textContent: words });
      element.style.setProperty("--label", colour);
      return element;
    }),
  );
}
