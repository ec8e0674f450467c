// The results of a recording: figures, each face's shares of the labels, and the files to download.

import { attempt } from "../app/error-notice.js";
import { download } from "../app/http.js";
import { purposeName } from "../app/purposes.js";
import { isUnderWay } from "../app/recording-status.js";
import { filePath } from "../app/recordings-api.js";
import { byId, make, showText } from "../lib/elements.js";
import { bytes, percent, speedText, videoTime } from "../lib/format.js";
import { makeLabelBar, showShares } from "../lib/label-bar.js";

const DESCRIPTIONS = {
  "readings.csv": "Readings as CSV, one row for each face and frame",
  "readings.parquet": "Readings as Parquet",
  "spans.csv": "Spans of one label as CSV",
  "coverage.csv": "Coverage as CSV",
  "timeline.vtt": "Captions as WebVTT, for video players",
  "summary.json": "Summary as JSON",
  "report.html": "Report, a page that opens without this service",
};
const MIN_SHARE = 0.005; // smaller shares are not named

/** @param {object} recording as the API sends it */
export function showFigures({ kind, duration, faces, readings, speed, width, height, rate, size, purpose }) {
  const isVideo = kind === "video";
  const figures = {
    faces,
    duration: isVideo && duration && videoTime(duration * 1000),
    readings: readings.toLocaleString(),
    speed: isVideo && speed && speedText(speed),
    picture: width && height && `${width} × ${height}`,
    "readings a second": isVideo && (rate === "all" ? "every frame" : rate),
    file: size && bytes(size),
    purpose: purpose && purposeName(purpose),
  };
  const shown = Object.entries(figures).filter(([, value]) => value || value === 0);
  const items = shown.map(([name, value]) =>
    make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })),
  );
  byId("figures").replaceChildren(...items);
}

/** Show each face's shares, and a hint when they are not final: not the summary's. */
export function showFaceShares(faces, recording, { isFinal }) {
  showText(byId("shares-hint"), sharesHint(faces, recording, isFinal));
  byId("shares").replaceChildren(...faces.map(faceItem));
}

function faceItem({ track, shares, started, ended }) {
  const named = Object.entries(shares)
    .filter(([, share]) => share >= MIN_SHARE)
    .sort(([, a], [, b]) => b - a);
  const text = named.map(([name, share]) => `${name} ${percent(share)}`).join(", ");
  const bar = makeLabelBar();
  showShares(bar, shares);
  const name = span("face-name", `Face ${track}`);
  return make("li", {}, name, span("when", timesText(started, ended)), bar, span("face-text", text));
}

function sharesHint(faces, recording, isFinal) {
  if (faces.length === 0) return isUnderWay(recording) ? "No face has been read yet." : "No face was read.";
  if (isFinal) return "";
  return isUnderWay(recording) || recording.state === "completed"
    ? "Provisional: estimated from whole seconds until the summary of all readings is there."
    : "Estimated from whole seconds, because reading did not reach the end.";
}

/** List the files of a recording. Links fetch their tickets on a click, since those expire. */
export function showFiles(recording) {
  const none = isUnderWay(recording)
    ? "Files appear when reading is done."
    : "There are no files, because reading did not reach the end.";
  showText(byId("no-downloads"), recording.files.length > 0 ? "" : none);
  byId("downloads").replaceChildren(...recording.files.map((file) => fileItem(recording.id, file)));
}

function fileItem(id, { name, size }) {
  const path = filePath(id, name);
  const title = make("b", { textContent: name });
  const parts = [title, span("", DESCRIPTIONS[name] ?? ""), span("size", bytes(size))];
  const link = make("a", { href: path, download: name }, ...parts);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    attempt(() => download(path, {}, name));
  });
  return make("li", {}, link);
}

const span = (className, textContent) => make("span", { className, textContent });

// In whole seconds, or in tenths where those would be the same.
function timesText(started, ended) {
  const whole = [started, ended].map((ms) => videoTime(Math.round(ms / 1000) * 1000));
  const [from, to] = whole[0] === whole[1] ? [videoTime(started, 1), videoTime(ended, 1)] : whole;
  return `${from} to ${to}`;
}
