// The purpose of a source or recording, its legal ground and its picture: the API's values and their texts.

import { fillSelect } from "../lib/elements.js";

const PURPOSES = {
  personal: "Personal",
  research: "Research",
  accessibility: "Accessibility",
  entertainment: "Entertainment",
  retail: "Retail",
  public_space: "Public space",
  safety: "Safety",
  medical: "Medical",
  workplace: "Workplace",
  education: "Education",
};

const NEED_GROUND = ["workplace", "education"];
const GROUNDS = { medical: "medical reasons", safety: "safety reasons" };

// Options of select elements: [value, text] each.
const CHOOSE = ["", "Choose one"];
export const PICTURE_OPTIONS = [
  ["shown", "Shown"],
  ["blurred", "Blurred (faces unrecognisable)"],
  ["none", "Not shown"],
];

/** Fill the select elements of a form; unless its user `mustChoose`, the first purpose is preset. */
export function fillPurposes({ purpose, ground }, { mustChoose }) {
  fillSelect(purpose, [...(mustChoose ? [CHOOSE] : []), ...Object.entries(PURPOSES)]);
  fillSelect(ground, [CHOOSE, ...Object.entries(GROUNDS)]);
}

export const needsGround = (purpose) => NEED_GROUND.includes(purpose);

/** Return what is wrong with a form's purpose and ground, by field. */
export function purposeErrors({ purpose, ground }) {
  if (!purpose) return { purpose: "Choose a purpose." };
  if (!needsGround(purpose) || ground) return {};
  return { ground: "Choose one of these reasons; faces may not be read there otherwise." };
}

export const purposeName = (purpose) => (PURPOSES[purpose] ?? purpose).toLowerCase();

/** Return a source's purpose and picture as a line of text; "" where the API does not say. */
export function purposeText({ purpose, ground, picture }) {
  const parts = [];
  if (purpose) parts.push(`Purpose: ${purposeName(purpose)}`);
  if (ground) parts.push(GROUNDS[ground] ?? ground);
  if (picture === "blurred") parts.push("picture blurred");
  if (picture === "none") parts.push("picture not shown");
  return parts.join(", ");
}
