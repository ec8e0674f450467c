"""The colour of each label and of each kind of coverage, wherever they are drawn."""

from engine.labels import Label
from engine.records import CoverageKind

# Seven hues that stay apart on white and on near-black.
LABEL_COLOURS: dict[Label, str] = {
    "angry": "#e5484d",
    "disgust": "#7c9a2e",
    "sad": "#3f7fd8",
    "happy": "#f2b632",
    "surprise": "#e177c9",
    "fear": "#8457d4",
    "neutral": "#9aa4b0",
}

COVERAGE_COLOURS: dict[CoverageKind, str] = {
    "observed": "#2f9e74",
    "no_face": "#aab4bf",
    "low_quality": "#d9a441",
    "dropped": "#e07b39",
    "decode_error": "#d64550",
    "disconnected": "#6b7280",
}
