// The notice at the head of a page about what failed. It stays until it is dismissed or something succeeds.

import { byId, showText } from "../lib/elements.js";
import { settled } from "./http.js";

const notice = byId("error-notice");
const text = notice.querySelector("p");
notice.querySelector("button").addEventListener("click", () => show(""));

/** Run an action and show its Problem; return whether it succeeded. */
export async function attempt(action) {
  const { problem } = await settled(action());
  show(problem?.message ?? "");
  return !problem;
}

function show(message) {
  showText(text, message);
  notice.hidden = !message;
}
