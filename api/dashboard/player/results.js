// What a recording came to: figures, each face's shares, and the files to take away.

import { attempt } from "../app/error-notice.js";
import { ticketed } from "../app/http.js";
import { bytes, isUnderWay, moment, times } from "../app/recording-status.js";
import { filePath } from "../app/recordings-api.js";
import { percent } from "../lib/format.js";
import { COLOURS, STACK } from "../lib/labels.js";

const FILES = {
  "readings.csv": "Readings as CSV, one row for each face and frame",
  "readings.parquet": "Readings as Parquet",
  "spans.csv": "Spans of one label as CSV",
  "coverage.csv": "Coverage as CSV",
  "timeline.vtt": "Captions as WebVTT, for video players",
  "summary.json": "Summary as JSON",
  "report.html": "Report, a page that opens without this service",
};
const NOTABLE = 0.005; // share that is worth a word

export function showFigures(list, recording) {
  const { duration, faces, readings, speed, width, height, rate, size, purpose } = recording;
  const figures = [
    ["faces", faces],
    ["duration", duration ? moment(duration * 1000) : null],
    ["readings", readings.toLocaleString()],
    ["speed", speed ? times(speed) : null],
    ["picture", width && height ? `${width} × ${height}` : null],
    ["readings a second", rate === "all" ? "every frame" : rate],
    ["file", size ? bytes(size) : null],
    ["purpose", purpose?.replace("_", " ")],
  ].filter(([, value]) => value !== null && value !== undefined);
  list.replaceChildren(
    ...figures.map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(make("dt", name), make("dd", String(value)));
      return pair;
    }),
  );
}

// `faces` are { track, shares: { label: 0..1 }, started, ended (ms) }; `isFinal` says that they are the summary's.
export function showShares({ list, hint }, faces, recording, { isFinal }) {
  hint.textContent = provisoOf(faces, recording, { isFinal });
  hint.hidden = hint.textContent === "";
  list.replaceChildren(
    ...faces.map(({ track, shares, started, ended }) => {
      const item = document.createElement("li");
      const bar = Object.assign(document.createElement("div"), { className: "bar" });
      bar.setAttribute("aria-hidden", "true");
      for (const name of [...STACK, "unsure"]) {
        const part = bar.appendChild(make("i", ""));
        part.style.flexGrow = shares[name] ?? 0;
        if (name === "unsure") part.className = "hatched";
        else part.style.background = COLOURS[name];
      }
      const named = Object.entries(shares)
        .filter(([, share]) => share >= NOTABLE)
        .sort(([, a], [, b]) => b - a);
      const words = named.map(([name, share]) => `${name} ${percent(share)}`).join(", ");
      item.append(
        make("span", `Face ${track}`, "who"),
        make("span", between(started, ended), "when"),
        bar,
        make("span", words, "says"),
      );
      return item;
    }),
  );
}

// What is to be known of the shares before one takes them for what they came to.
function provisoOf(faces, recording, { isFinal }) {
  if (faces.length === 0) return isUnderWay(recording) ? "No face was read yet." : "No face was read.";
  if (isFinal) return "";
  return isUnderWay(recording) || recording.state === "completed"
    ? "Provisional: estimated from whole seconds, until the summary of all readings is there."
    : "Estimated from whole seconds, as it was not read to its end.";
}

// The links fetch their tickets when they are used, since those do not last.
export function showFiles(place, recording) {
  const { list, hint } = place;
  hint.hidden = recording.files.length > 0;
  hint.textContent = isUnderWay(recording)
    ? "The files are written when all of it has been read."
    : "There are no files: it was not read to its end.";
  const known = Object.keys(FILES);
  const files = [...recording.files].sort((a, b) => known.indexOf(a.name) - known.indexOf(b.name));
  list.replaceChildren(
    ...files.map(({ name, size }) => {
      const item = document.createElement("li");
      const path = filePath(recording.id, name);
      const link = Object.assign(document.createElement("a"), { href: path, download: name });
      link.append(make("b", name), make("span", FILES[name] ?? ""), make("span", bytes(size), "size"));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        attempt(() => fetchFile(path, name));
      });
      item.append(link);
      return item;
    }),
  );
}

// In whole seconds, or in tenths where those would be the same.
function between(started, ended) {
  const whole = [started, ended].map((ms) => moment(Math.round(ms / 1000) * 1000));
  const [from, to] = whole[0] === whole[1] ? [moment(started, 1), moment(ended, 1)] : whole;
  return `${from} to ${to}`;
}

async function fetchFile(path, name) {
  Object.assign(document.createElement("a"), { href: await ticketed(path), download: name }).click();
}

function make(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}
