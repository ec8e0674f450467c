// The data of one source: faces, coverage, and the newest readings. Bounded in time.

import { Series } from "../../lib/series.js";
import { CoverageTimeline } from "../coverage-timeline.js";
import { lagOf, timeOf } from "../reading-time.js";
import { Face } from "./face.js";

export const SECONDS_LENGTH = 3_600_000; // ms of seconds and coverage: the longest window
export const READINGS_LENGTH = 600_000; // ms of single readings
const PAUSED_LENGTH = 3_600_000; // ms that a paused window keeps in addition
const RECENT_LENGTH = 5000; // ms of readings with box and keypoints, for the picture
const NEXT_READING = 500; // ms after a face's newest reading within which the next one is expected

export class History {
  faces = new Map(); // track: Face
  coverage;
  recent = []; // the newest readings, in order
  revision = 0; // rises with each change to the past, not with new readings
  #rate;

  /** @param {number} rate readings a second */
  constructor(rate) {
    this.#rate = rate;
    this.coverage = new CoverageTimeline(rate);
  }

  /** Lag (ms) of the newest reading. */
  get lag() {
    return this.recent.length > 0 ? lagOf(this.recent.at(-1)) : 0;
  }

  get newestMediaTime() {
    return this.recent.at(-1)?.media_time ?? -Infinity;
  }

  /** Add a message of the API. */
  add(message) {
    if (message.type === "reading") this.#addReading(message);
    else if (message.type === "face.end" && this.faces.has(message.track)) {
      this.faces.get(message.track).hasLeft = true;
    } else if (message.type === "coverage" && this.coverage.add(message)) this.revision += 1;
  }

  /** Add the overview of the past, whose seconds are more exact than the page's own. */
  addOverview({ tracks, coverage }) {
    for (const face of tracks) {
      const seconds = new Series();
      seconds.appendSeconds(face);
      if (seconds.length > 0) this.#face(face.track).addSeconds(seconds);
    }
    this.coverage.addOverview(coverage);
    this.revision += 1;
  }

  /** Continue after missed messages: what comes next does not follow what came before. */
  restart() {
    for (const face of this.faces.values()) face.restart();
    this.recent = [];
    this.revision += 1;
  }

  /** Drop what no window can show. @param {number | null} pausedAt ms: end of a paused window */
  dropOld(now, pausedAt) {
    const end = Math.max(pausedAt ?? now, now - PAUSED_LENGTH);
    for (const [track, face] of this.faces) {
      face.dropBefore(end - READINGS_LENGTH, end - SECONDS_LENGTH);
      if (face.isEmpty) this.faces.delete(track);
    }
    this.coverage.dropBefore(end - SECONDS_LENGTH);
  }

  /** Return each face's reading nearest to a media time, none further away than `maxDistance`; in seconds. */
  readingsAt(mediaTime, maxDistance) {
    const nearest = new Map();
    for (const reading of this.recent) {
      const distance = Math.abs(reading.media_time - mediaTime);
      const best = nearest.get(reading.track);
      if (distance <= maxDistance && !(best && best.distance <= distance)) {
        nearest.set(reading.track, { distance, reading });
      }
    }
    return [...nearest.values()].map(({ reading }) => reading);
  }

  /** Return true while readings of frames that came until now (performance.now()) are to be expected. */
  expectsReadings(now) {
    const longest = Math.max(NEXT_READING, 1500 / this.#rate);
    return [...this.faces.values()].some((face) => !face.hasLeft && now - face.arrivedAt < longest);
  }

  #face(track) {
    if (!this.faces.has(track)) this.faces.set(track, new Face(track, this.#rate));
    return this.faces.get(track);
  }

  #addReading(reading) {
    const time = timeOf(reading);
    this.#face(reading.track).add(time, reading);
    this.coverage.addReading(time);
    this.recent.push(reading);
    const oldest = reading.media_time - RECENT_LENGTH / 1000;
    const first = this.recent.findIndex(({ media_time: mediaTime }) => mediaTime >= oldest);
    if (first > 64) this.recent.splice(0, first); // seldom, as it moves the whole list
  }
}
