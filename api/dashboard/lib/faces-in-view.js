// The list of faces in view beside the picture: a card for each, with its label and probabilities.

import { labelColour } from "./colours.js";
import { byId, fitChildren, make, setText } from "./elements.js";
import { readingText } from "./format.js";
import { makeLabelBar, showShares } from "./label-bar.js";

/**
 * Show one reading of each face in view.
 * @param {(track: number) => boolean} hasHiddenRow the face's timeline is shown only with those of all faces
 */
export function showFacesInView(readings, hasHiddenRow) {
  const cards = fitChildren(byId("faces-in-view"), readings.length, makeCard);
  readings.forEach((reading, index) => {
    const [name, text, bar] = cards[index].children;
    cards[index].style.setProperty("--label", labelColour(reading.label));
    setText(name, `Face ${reading.track}${hasHiddenRow(reading.track) ? ", timeline hidden" : ""}`);
    setText(text, readingText(reading));
    showShares(bar, reading.smoothed);
  });
}

function makeCard() {
  const [name, text] = ["face-name", "face-text"].map((className) => make("span", { className }));
  return make("li", {}, name, text, makeLabelBar());
}
