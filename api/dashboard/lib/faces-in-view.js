// The faces in view, each with what it shows, as a list beside the picture.

import { write } from "./elements.js";
import { spoken } from "./format.js";
import { COLOURS, STACK } from "./labels.js";

// Fills the list `now` with one reading of each face; `nobody` is what stands there when there is none. `hides` tells
// of a track whether its timeline is among those that are shown only when all are asked for.
export function showFaces({ now: list, nobody }, readings, hides) {
  nobody.hidden = readings.length > 0;
  while (list.children.length > readings.length) list.lastChild.remove();
  readings.forEach((reading, place) => {
    const element = list.children[place] ?? list.appendChild(card());
    element.style.setProperty("--label", COLOURS[reading.label] ?? "var(--muted)");
    const where = hides(reading.track) ? ", row not shown" : "";
    write(element.querySelector(".who"), `Face ${reading.track}${where}`);
    write(element.querySelector(".says"), spoken(reading));
    STACK.forEach((name, layer) => {
      element.lastChild.children[layer].style.flexGrow = reading.smoothed[name];
    });
  });
}

function card() {
  const element = document.createElement("li");
  element.innerHTML = `<span class="who"></span><span class="says"></span><div class="bar" aria-hidden="true"></div>`;
  for (const name of STACK) {
    const part = element.lastChild.appendChild(document.createElement("i"));
    part.style.background = COLOURS[name];
  }
  return element;
}
