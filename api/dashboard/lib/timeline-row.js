// The row of a face's timeline: its name, its label and share, and its canvas.

import { make, setText } from "./elements.js";

const ROW = `
  <div class="gutter"><span class="face-name"></span><span class="label"></span>
    <span class="share"></span></div>
  <div class="plot"><canvas tabindex="0"></canvas></div>`;

/** @param {string} role of the canvas @returns its elements { element, canvas, label, share } */
export function makeTimelineRow(track, role) {
  const element = make("div", { className: "row face", innerHTML: ROW });
  const [name, label, share] = element.querySelectorAll("span");
  const canvas = Object.assign(element.querySelector("canvas"), { role });
  element.dataset.track = track;
  setText(name, `Face ${track}`);
  return { element, canvas, label, share };
}
