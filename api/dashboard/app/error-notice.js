// The notice at the head of a page about what failed. It stays until it is dismissed or something succeeds.

import { byId, showText } from "../lib/elements.js";
import { Problem } from "./http.js";

const notice = byId("error-notice");
const text = notice.querySelector("p");
notice.querySelector("button").addEventListener("click", () => show(""));

/** Run an action and show its Problem; return whether it succeeded. */
export async function attempt(action) {
  try {
    await action();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    show(problem.message);
    return false;
  }
  show("");
  return true;
}

function show(message) {
  showText(text, message);
  notice.hidden = !message;
}
