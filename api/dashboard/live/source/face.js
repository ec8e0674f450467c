// One face over time in two resolutions: each reading of the last minutes, and each second of the last hour.

import { LABELS } from "../../lib/labels.js";
import { ABSTAINED, SECOND, Series } from "../../lib/series.js";
import { isCurrent } from "../reading-time.js";

export class Face {
  readings = new Series();
  seconds = new Series();
  newest = null; // reading
  arrivedAt = -Infinity; // ms, by performance.now(): when the newest reading came
  hasLeft = false; // the engine reported it
  #rate;
  #second = new OpenSecond();

  /** @param {number} track @param {number} rate readings a second */
  constructor(track, rate) {
    this.track = track;
    this.#rate = rate;
  }

  get isEmpty() {
    return this.readings.length + this.seconds.length === 0;
  }

  get first() {
    return (this.seconds.length > 0 ? this.seconds : this.readings).first;
  }

  get last() {
    return (this.readings.length > 0 ? this.readings : this.seconds).last;
  }

  /** Return for how long (ms) it was read within a range: its seconds, and the readings that follow them. */
  presence({ started, ended }) {
    const { seconds, readings } = this;
    const whole = seconds.indexOf(ended) - seconds.indexOf(started);
    const next = seconds.length > 0 ? Math.floor(seconds.last / SECOND) * SECOND + SECOND : -Infinity;
    const single = Math.max(0, readings.indexOf(ended) - readings.indexOf(Math.max(started, next)));
    return whole * SECOND + (single * SECOND) / this.#rate;
  }

  isInView(now) {
    return !this.hasLeft && this.newest !== null && isCurrent(this.newest, this.#rate, now);
  }

  add(time, reading) {
    if (this.readings.length > 0 && time <= this.readings.last) return;
    this.newest = reading;
    this.arrivedAt = performance.now();
    this.readings.add(time, reading.smoothed, reading.label);
    if (!this.#second.includes(time)) {
      this.#second.closeInto(this.seconds);
      this.#second = new OpenSecond(time);
    }
    this.#second.add(this.readings, this.readings.length - 1);
  }

  /** Take the server's seconds, and after them those that are newer. */
  addSeconds(seconds) {
    const first = this.seconds.indexOf(seconds.last + SECOND / 2);
    for (let index = first; index < this.seconds.length; index += 1) {
      const values = LABELS.map((_, number) => this.seconds.value(index, number));
      seconds.append(this.seconds.time(index), values, this.seconds.label(index));
    }
    this.seconds = seconds;
  }

  /** Drop the readings, as some were missed: from here on seconds alone hold what was before. */
  restart() {
    this.#second.closeInto(this.seconds);
    this.#second = new OpenSecond();
    this.readings = new Series();
  }

  dropBefore(readings, seconds) {
    this.readings.dropBefore(readings);
    this.seconds.dropBefore(seconds);
  }
}

// The second whose readings are still coming.
class OpenSecond {
  #count = 0;
  #sums = new Float64Array(LABELS.length);
  #labels = new Int32Array(LABELS.length + 1); // how often each came; the last one: abstained

  /** @param {number} started ms: its first reading */
  constructor(started = -Infinity) {
    this.started = started;
  }

  includes(time) {
    return Math.floor(time / SECOND) === Math.floor(this.started / SECOND);
  }

  add(series, index) {
    for (let number = 0; number < LABELS.length; number += 1)
      this.#sums[number] += series.value(index, number);
    const label = series.label(index);
    this.#labels[label < 0 ? LABELS.length : label] += 1;
    this.#count += 1;
  }

  closeInto(seconds) {
    if (this.#count === 0) return;
    const label = this.#labels.indexOf(Math.max(...this.#labels));
    const means = this.#sums.map((sum) => sum / this.#count);
    seconds.append(this.started, means, label === LABELS.length ? ABSTAINED : label);
  }
}
