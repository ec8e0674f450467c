// Why a source is watched, what makes that lawful, and what of its picture is shown: the API's words for people.

export const PURPOSES = {
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

export const NEEDS_GROUND = ["workplace", "education"];

export const GROUNDS = { medical: "medical reasons", safety: "safety reasons" };

export const PICTURES = { shown: "Shown", blurred: "Blurred, so that no face can be told", none: "Not shown at all" };

// Why a source is watched, in a few words; "" where the API does not say.
export function purposeOf({ purpose, ground, picture }) {
  const words = [PURPOSES[purpose] ?? purpose];
  if (ground) words.push(GROUNDS[ground] ?? ground);
  if (picture === "blurred") words.push("picture blurred");
  if (picture === "none") words.push("picture not shown");
  return words.filter(Boolean).join(", ");
}
