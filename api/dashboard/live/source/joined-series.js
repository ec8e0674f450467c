// The two resolutions of a face as one series: its seconds up to some moment, its readings from there on.

import { MAX_SECONDS_GAP, SECOND } from "../../lib/series.js";

const LONG = 300_000; // ms: in a longer window a pixel holds several readings, and seconds are enough

export class JoinedSeries {
  #seconds;
  #readings;
  #count; // of the seconds that come first
  #offset; // from the index of a reading to its index in the whole
  #maxGap;

  /** @param {number} length of the window (ms) @param {number} maxGap between readings (ms) */
  constructor({ seconds, readings }, length, maxGap) {
    this.#seconds = seconds;
    this.#readings = readings;
    this.#maxGap = maxGap;
    const isCoarse = length > LONG && seconds.length > 0;
    this.#count = isCoarse || readings.length === 0 ? seconds.length : seconds.indexOf(readings.first);
    const first = isCoarse ? readings.indexOf(Math.floor(seconds.last / SECOND) * SECOND + SECOND) : 0;
    this.#offset = this.#count - first;
  }

  get length() {
    return this.#readings.length + this.#offset;
  }

  get last() {
    return this.time(this.length - 1);
  }

  time(index) {
    if (index < this.#count) return this.#seconds.time(index);
    return this.#readings.time(index - this.#offset);
  }

  value(index, label) {
    if (index < this.#count) return this.#seconds.value(index, label);
    return this.#readings.value(index - this.#offset, label);
  }

  label(index) {
    if (index < this.#count) return this.#seconds.label(index);
    return this.#readings.label(index - this.#offset);
  }

  /** Return the longest time before an entry with which it belongs to what was before. */
  maxGapBefore(index) {
    return index <= this.#count ? MAX_SECONDS_GAP : this.#maxGap;
  }

  /** Return how long an entry holds if nothing follows. */
  durationAt(index) {
    return index < this.#count ? SECOND : 0;
  }

  indexOf(time) {
    const index = this.#seconds.indexOf(time);
    if (index < this.#count) return index;
    return Math.max(this.#count, this.#readings.indexOf(time) + this.#offset);
  }
}
