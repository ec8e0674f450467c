// The turns of a source or recording: the API's values and their texts, for select elements.

export const TURN_OPTIONS = [
  ["0", "None"],
  ["90", "90° right"],
  ["180", "180°"],
  ["270", "90° left"],
  ["mirrored", "Mirrored"],
  ["mirrored-90", "Mirrored, then 90° right"],
  ["mirrored-180", "Mirrored, then 180°"],
  ["mirrored-270", "Mirrored, then 90° left"],
];
