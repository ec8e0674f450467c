// The two resolutions of a face as one series: its seconds up to some moment, its readings from there on.

import { MAX_SECONDS_GAP, SECOND } from "../../lib/series.js";

const LONG = 300_000; // ms: in a longer window a pixel holds several readings, and seconds are enough

export class JoinedSeries {
  #seconds;
  #readings;
  #count; // of the seconds that come first
  #from; // index of the first reading that follows
  #maxGap;

  /** @param {number} length of the window (ms) @param {number} maxGap between readings (ms) */
  constructor({ seconds, readings }, length, maxGap) {
    this.#seconds = seconds;
    this.#readings = readings;
    this.#maxGap = maxGap;
    const isCoarse = length > LONG && seconds.length > 0;
    this.#count = isCoarse || readings.length === 0 ? seconds.length : seconds.indexOf(readings.first);
    this.#from = isCoarse ? readings.indexOf(Math.floor(seconds.last / SECOND) * SECOND + SECOND) : 0;
  }

  get length() {
    return this.#count + this.#readings.length - this.#from;
  }

  get last() {
    return this.time(this.length - 1);
  }

  time(index) {
    return this.#seriesAt(index).time(this.#indexIn(index));
  }

  value(index, label) {
    return this.#seriesAt(index).value(this.#indexIn(index), label);
  }

  label(index) {
    return this.#seriesAt(index).label(this.#indexIn(index));
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
    return this.#count + Math.max(0, this.#readings.indexOf(time) - this.#from);
  }

  #seriesAt(index) {
    return index < this.#count ? this.#seconds : this.#readings;
  }

  #indexIn(index) {
    return index < this.#count ? index : index - this.#count + this.#from;
  }
}
