"""Colours of the labels and of the kinds of coverage."""

from engine.labels import Label
from engine.records import CoverageKind

# Paul Tol's "bright" scheme (SRON/EPS/TN/09-002). Under simulated colour blindness (Machado 2009, full
# severity) its closest pair is 13 CIE76 units apart.
LABEL_COLOURS: dict[Label, str] = {
    "angry": "#ee6677",
    "disgust": "#228833",
    "sad": "#4477aa",
    "happy": "#ccbb44",
    "surprise": "#66ccee",
    "fear": "#aa3377",
    "neutral": "#bbbbbb",
}

# Stacked probabilities from the bottom up: pleasant ones grow from below, unpleasant ones hang from above.
STACK_ORDER: tuple[Label, ...] = ("happy", "surprise", "neutral", "sad", "fear", "disgust", "angry")

COVERAGE_COLOURS: dict[CoverageKind, str] = {
    "observed": "#2f9e74",
    "no_face": "#aab4bf",
    "low_quality": "#d9a441",
    "dropped": "#e07b39",
    "decode_error": "#d64550",
    "disconnected": "#6b7280",
}
