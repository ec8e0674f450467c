// What could not be done, told at the head of the page until it is dismissed or something is done.

import { write } from "../lib/elements.js";
import { Problem } from "./http.js";

const place = document.getElementById("trouble");
const words = place.querySelector("p");
place.querySelector("button").addEventListener("click", () => {
  place.hidden = true;
});

// Whether `act` succeeded; its Problem is told.
export async function attempt(act) {
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    place.hidden = false;
    write(words, problem.message);
    return false;
  }
  place.hidden = true;
  return true;
}
