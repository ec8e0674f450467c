// A source at a glance: what all its faces together showed in each of the last seconds, and who is in view.

import { LABELS } from "../../lib/labels.js";
import { Coverage } from "../coverage-timeline.js";
import { isCurrent, lagOf, timeOf } from "../face.js";

export const KEPT = 600; // s

export class Glance {
  faces = new Map(); // track: its newest reading, of those in view
  coverage;
  #numbers = new Float64Array(KEPT); // which second lies in a place
  #counts = new Float64Array(KEPT);
  #sums = new Float64Array(KEPT * LABELS.length);

  #rate;

  // `rate` of readings a second.
  constructor(rate) {
    this.#rate = rate;
    this.coverage = new Coverage(rate);
  }

  // How late (ms) readings are when they are there; 0 while nobody is in view.
  get lag() {
    return Math.max(0, ...[...this.faces.values()].map(lagOf));
  }

  add(message) {
    if (message.type === "reading") {
      this.faces.set(message.track, message);
      this.coverage.note(timeOf(message));
      this.#count(
        Math.floor(timeOf(message) / 1000),
        LABELS.map((name) => message.smoothed[name]),
      );
    } else if (message.type === "face.end") this.faces.delete(message.track);
    else if (message.type === "coverage") this.coverage.add(message);
  }

  takeOverview({ tracks, coverage }) {
    for (const { times, values } of tracks) {
      times.forEach((time, index) => this.#count(Math.floor(time / 1000), values[index]));
    }
    this.coverage.takeOverview(coverage);
  }

  forget(now) {
    for (const [track, reading] of this.faces)
      if (!isCurrent(reading, this.#rate, now)) this.faces.delete(track);
    this.coverage.forgetBefore(now - KEPT * 1000);
  }

  // The mean probabilities in a second, in the order of LABELS; null when no face was read in it.
  values(second) {
    const place = second % KEPT;
    if (this.#numbers[place] !== second) return null;
    const sums = this.#sums.subarray(place * LABELS.length, (place + 1) * LABELS.length);
    return sums.map((sum) => sum / this.#counts[place]);
  }

  // Values may be shares or per cent: each face counts by what its values add up to.
  #count(second, values) {
    const place = second % KEPT;
    if (this.#numbers[place] > second) return; // longer ago than what is kept
    const first = place * LABELS.length;
    if (this.#numbers[place] !== second) {
      this.#numbers[place] = second;
      this.#counts[place] = 0;
      this.#sums.fill(0, first, first + LABELS.length);
    }
    for (let label = 0; label < LABELS.length; label += 1) this.#sums[first + label] += values[label];
    this.#counts[place] += values.reduce((sum, value) => sum + value, 0);
  }
}
