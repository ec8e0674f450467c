// Why a source is watched, what makes that lawful, and what of its picture is shown: the API's words for people.

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

const NEEDS_GROUND = ["workplace", "education"];

const GROUNDS = { medical: "medical reasons", safety: "safety reasons" };

const UNGROUNDED = "Faces are read there for one of these reasons only.";

// What select elements offer: [value, words] each.
export const PURPOSE_OPTIONS = Object.entries(PURPOSES);
export const GROUND_OPTIONS = [["", "Choose one"], ...Object.entries(GROUNDS)];

export const needsGround = (purpose) => NEEDS_GROUND.includes(purpose);

// What is wrong with a ground, as errors of a form: {} where nothing is.
export function errorsOfGround({ purpose, ground }) {
  return needsGround(purpose) && !ground ? { ground: UNGROUNDED } : {};
}

export const PICTURES = {
  shown: "Shown",
  blurred: "Blurred, so that no face can be told",
  none: "Not shown at all",
};

// Why a source is watched and what of it is shown, in a few words; "" where the API does not say.
export function purposeOf({ purpose, ground, picture }) {
  const words = [];
  if (purpose) words.push(`Purpose: ${(PURPOSES[purpose] ?? purpose).toLowerCase()}`);
  if (ground) words.push(GROUNDS[ground] ?? ground);
  if (picture === "blurred") words.push("picture blurred");
  if (picture === "none") words.push("picture not shown");
  return words.join(", ");
}
