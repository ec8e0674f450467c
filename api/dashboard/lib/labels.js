// The labels and kinds of coverage with their colours: the same as in engine/drawing/palette.py.

export const LABELS = ["angry", "disgust", "sad", "happy", "surprise", "fear", "neutral"];

export const COLOURS = {
  angry: "#ee6677",
  disgust: "#228833",
  sad: "#4477aa",
  happy: "#ccbb44",
  surprise: "#66ccee",
  fear: "#aa3377",
  neutral: "#bbbbbb",
};

// From the bottom up: what is pleasant grows from below, what is not hangs from above, rest lies between.
export const STACK = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry"];

export const COVERAGE = {
  observed: { colour: "#2f9e74", words: "face read" },
  no_face: { colour: "#aab4bf", words: "nobody in view" },
  low_quality: { colour: "#d9a441", words: "too small, blurred or turned" },
  dropped: { colour: "#e07b39", words: "frames dropped" },
  decode_error: { colour: "#d64550", words: "damaged picture" },
  disconnected: { colour: "#6b7280", words: "no signal" },
};

// Black or white, whichever reads better on the colour (WCAG relative luminance).
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 ? "#14181c" : "#ffffff";
}

// Colours of the page itself, which follow light and dark; read again when that changes.
export function pageColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    muted: read("--muted"),
    line: read("--line"),
    surface: read("--surface"),
    sunken: read("--sunken"),
  };
}
