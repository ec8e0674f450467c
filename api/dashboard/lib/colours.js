// Colours of labels and of the page.

import { LABEL_COLOURS } from "./labels.js";

/** The colour of a face without a label, where it is drawn on a picture. */
export const UNSURE_ON_PICTURE = "#e8eaed";

let current = null; // colours, until the scheme changes
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  current = null;
});

/** Return the colour of a label, or `fallback` where the engine abstained. */
export const labelColour = (label, fallback = "var(--muted)") => LABEL_COLOURS[label] ?? fallback;

/** Return black or white, whichever reads better on a colour #rrggbb (relative luminance of WCAG 2.2). */
export function textColourOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 ? "#14181c" : "#ffffff";
}

/** Return the page's own colours in the light or dark scheme that is on: another object after a change. */
export function pageColours() {
  if (current === null) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    current = { muted: colour("muted"), surface: colour("surface"), sunken: colour("sunken") };
  }
  return current;
}
