// The last minutes of a source for its tile: each second's means of all faces, coverage, and faces in view.

import { LABELS } from "../../lib/labels.js";
import { CoverageTimeline } from "../coverage-timeline.js";
import { isCurrent, lagOf, timeOf } from "../reading-time.js";

/** Length of the summary in seconds. */
export const LENGTH = 600;

export class RecentSummary {
  faces = new Map(); // track: the newest reading of each face in view
  coverage;
  #rate;
  // A ring: second s lies at index s % LENGTH.
  #seconds = new Float64Array(LENGTH);
  #weights = new Float64Array(LENGTH);
  #sums = new Float64Array(LENGTH * LABELS.length);

  /** @param {number} rate readings a second */
  constructor(rate) {
    this.#rate = rate;
    this.coverage = new CoverageTimeline(rate);
  }

  /** Lag (ms) of the readings; 0 while no face is in view. */
  get lag() {
    return Math.max(0, ...[...this.faces.values()].map(lagOf));
  }

  /** Add a message of the API. */
  add(message) {
    if (message.type === "reading") {
      const time = timeOf(message);
      this.faces.set(message.track, message);
      this.coverage.addReading(time);
      const values = LABELS.map((name) => message.smoothed[name]);
      this.#addValues(time, values);
    } else if (message.type === "face.end") this.faces.delete(message.track);
    else if (message.type === "coverage") this.coverage.add(message);
  }

  addOverview({ tracks, coverage }) {
    for (const { times, values } of tracks) {
      times.forEach((time, index) => {
        this.#addValues(time, values[index]);
      });
    }
    this.coverage.addOverview(coverage);
  }

  /** Drop faces that have left and coverage that is too old. @param {number} now ms */
  dropOld(now) {
    for (const [track, reading] of this.faces) {
      if (!isCurrent(reading, this.#rate, now)) this.faces.delete(track);
    }
    this.coverage.dropBefore(now - LENGTH * 1000);
  }

  /** Return the mean probabilities of a second, in the order of LABELS; null without a reading. */
  valuesAt(second) {
    const index = second % LENGTH;
    if (this.#seconds[index] !== second) return null;
    const sums = this.#sums.subarray(index * LABELS.length, (index + 1) * LABELS.length);
    return sums.map((sum) => sum / this.#weights[index]);
  }

  // Values are shares or per cent; dividing by their sum makes both count alike.
  #addValues(time, values) {
    const second = Math.floor(time / 1000);
    const index = second % LENGTH;
    if (this.#seconds[index] > second) return; // older than the summary
    const first = index * LABELS.length;
    if (this.#seconds[index] !== second) {
      this.#seconds[index] = second;
      this.#weights[index] = 0;
      this.#sums.fill(0, first, first + LABELS.length);
    }
    for (let label = 0; label < LABELS.length; label += 1) this.#sums[first + label] += values[label];
    this.#weights[index] += values.reduce((sum, value) => sum + value, 0);
  }
}
