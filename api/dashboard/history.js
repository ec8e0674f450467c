// What the page knows of one source: faces, coverage, and the newest readings whole. Bounded in time.

import { Series } from "./series.js";

export const KEPT = 600_000; // ms; the widest window
const KEPT_PAUSED = 1_800_000; // ms; while the view stands still, what it shows is kept as well
const IN_VIEW = 2000; // ms without a reading after which a face counts as gone
const WHOLE = 5000; // ms that readings are kept with box and keypoints, for the picture

export class Face {
  constructor(track) {
    this.track = track; // number
    this.series = new Series();
    this.newest = null; // the newest reading, whole
    this.ended = false; // the engine said that this face left
  }

  // Whether it is there at `now` (ms); readings lag a little.
  isInView(now) {
    return !this.ended && this.series.length > 0 && now - this.series.last < IN_VIEW;
  }
}

export class History {
  faces = new Map(); // track: Face
  coverage = []; // { started, ended (ms), mediaEnded (s), kind, frames }, in order
  recent = []; // the newest readings, whole, in order
  newestArrived = -Infinity; // when the last of them came; on the clock of performance.now()
  firstCursor = null; // of the oldest message that came live
  revision = 0; // rises with each change to what is older than the newest readings

  add(message) {
    this.firstCursor ??= message.cursor ?? null;
    if (message.type === "reading") this.#addReading(message);
    else if (message.type === "face.end") this.#endFace(message);
    else if (message.type === "coverage") {
      this.#addCoverage(this.coverage, message);
      this.revision += 1;
    }
  }

  // Takes messages that are all older than what is here.
  addOlder(messages) {
    const coverage = [];
    const older = new Map();
    for (const message of messages) {
      if (message.type === "coverage") this.#addCoverage(coverage, message);
      if (message.type !== "reading") continue;
      if (!older.has(message.track)) older.set(message.track, new Series());
      older.get(message.track).add(momentOf(message), message.smoothed, message.label);
    }
    for (const [track, series] of older) this.#face(track).series.prepend(series);
    this.coverage = coverage.concat(this.coverage);
    this.revision += 1;
  }

  // Forgets what no window can show; `now` and `shownUntil` are ms, the second null unless the view is paused.
  forget(now, shownUntil) {
    const oldest = Math.max((shownUntil ?? now) - KEPT, now - KEPT_PAUSED);
    for (const [track, face] of this.faces) {
      face.series.forgetBefore(oldest);
      if (face.series.length === 0) this.faces.delete(track);
    }
    const kept = this.coverage.findIndex(({ ended }) => ended >= oldest);
    this.coverage.splice(0, kept === -1 ? this.coverage.length : kept);
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

  get newestMediaTime() { return this.recent.at(-1)?.media_time ?? -Infinity; }

  #face(track) {
    if (!this.faces.has(track)) this.faces.set(track, new Face(track));
    return this.faces.get(track);
  }

  #addReading(reading) {
    const face = this.#face(reading.track);
    face.series.add(momentOf(reading), reading.smoothed, reading.label);
    face.newest = reading;
    this.recent.push(reading);
    this.newestArrived = performance.now();
    const oldest = reading.media_time - WHOLE / 1000;
    const kept = this.recent.findIndex(({ media_time: time }) => time >= oldest);
    if (kept > 64) this.recent.splice(0, kept);
  }

  #endFace(message) {
    const face = this.faces.get(message.track);
    if (face) face.ended = true;
  }

  #addCoverage(stretches, message) {
    if (!message.started_at || !message.ended_at) return;
    const { kind, frames, ended: mediaEnded } = message;
    const before = stretches.at(-1);
    // Media time says whether two stretches meet; the wall clock of arrival trembles by some ms.
    const meets = before !== undefined && before.mediaEnded === message.started;
    const started = meets ? before.ended : Date.parse(message.started_at);
    const ended = Math.max(started, Date.parse(message.ended_at));
    stretches.push({ started, ended, mediaEnded, kind, frames });
  }
}

function momentOf(reading) {
  return Date.parse(reading.captured_at ?? reading.result_at);
}
