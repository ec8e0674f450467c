// What the page knows of one source: faces, coverage, and the newest readings whole. Bounded in time.

import { Series } from "../../lib/series.js";
import { Coverage } from "../coverage-timeline.js";
import { Face, lagOf, timeOf } from "../face.js";

export const KEPT = 3_600_000; // ms of seconds and coverage; the widest window
export const KEPT_WHOLE = 600_000; // ms of single readings
const KEPT_PAUSED = 3_600_000; // ms; while the view stands still, what it shows is kept as much longer
const EXPECTED = 500; // ms after a face's newest reading in which the next one is expected
const WHOLE = 5000; // ms that readings are kept with box and keypoints, for the picture

export class History {
  faces = new Map(); // track: Face
  coverage;
  recent = []; // the newest readings, whole, in order
  revision = 0; // rises with each change to what is older than the newest readings

  #rate;

  // `rate` of readings a second.
  constructor(rate) {
    this.#rate = rate;
    this.coverage = new Coverage(rate);
  }

  // How late (ms) readings are when they are there.
  get lag() {
    return this.recent.length > 0 ? lagOf(this.recent.at(-1)) : 0;
  }

  add(message) {
    if (message.type === "reading") this.#addReading(message);
    else if (message.type === "face.end") this.#endFace(message);
    else if (message.type === "coverage" && this.coverage.add(message)) this.revision += 1;
  }

  // Takes the overview of the past, as the server tells it: its seconds are whole, and put right what is known.
  takeOverview({ tracks, coverage }) {
    for (const { track, times, values, labels } of tracks) {
      const seconds = new Series();
      times.forEach((time, index) =>
        seconds.append(
          time,
          values[index].map((part) => part / 100),
          labels[index],
        ),
      );
      if (seconds.length > 0) this.#face(track).takeSeconds(seconds);
    }
    this.coverage.takeOverview(coverage);
    this.revision += 1;
  }

  // Messages were missed: what comes now is not the next of what came before.
  beginAnew() {
    for (const face of this.faces.values()) face.beginAnew();
    this.recent = [];
    this.revision += 1;
  }

  // Forgets what no window can show; `now` and `shownUntil` are ms, the second null unless the view stands still.
  forget(now, shownUntil) {
    const end = Math.max(shownUntil ?? now, now - KEPT_PAUSED);
    for (const [track, face] of this.faces) {
      face.forgetBefore(end - KEPT_WHOLE, end - KEPT);
      if (face.isEmpty) this.faces.delete(track);
    }
    this.coverage.forgetBefore(end - KEPT);
  }

  // The reading of each face nearest to a media time (seconds), none further away than `within`.
  readingsAt(mediaTime, within) {
    const nearest = new Map();
    for (const reading of this.recent) {
      const distance = Math.abs(reading.media_time - mediaTime);
      const best = nearest.get(reading.track);
      if (distance <= within && !(best && best.distance <= distance)) {
        nearest.set(reading.track, { distance, reading });
      }
    }
    return [...nearest.values()].map(({ reading }) => reading);
  }

  // Whether a face is there now, so that readings of it follow those that came until now (ms, performance.now()).
  expectsReadings(now) {
    const longest = Math.max(EXPECTED, 1500 / this.#rate);
    return [...this.faces.values()].some((face) => !face.ended && now - face.arrived < longest);
  }

  get newestMediaTime() {
    return this.recent.at(-1)?.media_time ?? -Infinity;
  }

  #face(track) {
    if (!this.faces.has(track)) this.faces.set(track, new Face(track, this.#rate));
    return this.faces.get(track);
  }

  #addReading(reading) {
    this.#face(reading.track).add(timeOf(reading), reading);
    this.coverage.note(timeOf(reading));
    this.recent.push(reading);
    const oldest = reading.media_time - WHOLE / 1000;
    const kept = this.recent.findIndex(({ media_time: time }) => time >= oldest);
    if (kept > 64) this.recent.splice(0, kept);
  }

  #endFace(message) {
    const face = this.faces.get(message.track);
    if (face) face.ended = true;
  }
}
