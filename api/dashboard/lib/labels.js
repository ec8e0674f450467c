// Written by `python -m api.dashboard_labels` from engine/labels.py and engine/drawing/palette.py.

export const LABELS = ["angry", "disgust", "sad", "happy", "surprise", "fear", "neutral"];

export const STACK_ORDER = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry"];

export const LABEL_COLOURS = {
  angry: "#ee6677",
  disgust: "#228833",
  sad: "#4477aa",
  happy: "#ccbb44",
  surprise: "#66ccee",
  fear: "#aa3377",
  neutral: "#bbbbbb",
};

export const COVERAGE_COLOURS = {
  observed: "#2f9e74",
  no_face: "#aab4bf",
  low_quality: "#d9a441",
  dropped: "#e07b39",
  decode_error: "#d64550",
  disconnected: "#6b7280",
};
