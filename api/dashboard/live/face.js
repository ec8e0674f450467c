// One face over time, on two levels: every reading of the last minutes, and each second of the last hour.

import { LABELS } from "../lib/labels.js";
import { Series } from "../lib/series.js";

export const SECOND = 1000; // ms
export const SECONDS_APART = 2500; // ms between two seconds that still belong together; one may fall out
const IN_VIEW = 2000; // ms without a reading after which a face counts as gone, where readings come fast
const ABSTAINED = -1;

// When a reading's frame was captured, and how much later its result was there, in ms.
export const timeOf = ({ captured_at: captured, result_at: result }) => Date.parse(captured ?? result);
export const lagOf = (reading) => Math.max(0, Date.parse(reading.result_at) - timeOf(reading));

// Whether the face of this reading is still in view at `now` (ms) where `rate` readings come a second.
export const isCurrent = (reading, rate, now) =>
  now - timeOf(reading) < Math.max(IN_VIEW, 3000 / rate) + lagOf(reading);

export class Face {
  readings = new Series();
  seconds = new Series();
  newest = null; // the newest reading, whole
  arrived = -Infinity; // when that came; ms on the clock of performance.now()
  ended = false; // the engine said that this face left
  #rate;
  #open = new OpenSecond();

  // `rate` of readings a second.
  constructor(track, rate) {
    this.track = track; // number
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

  // For how long (ms) it was read within a stretch: its seconds, and the readings that follow them.
  presence({ started, ended }) {
    const { seconds, readings } = this;
    const told = seconds.indexOf(ended) - seconds.indexOf(started);
    const from = seconds.length > 0 ? Math.floor(seconds.last / SECOND) * SECOND + SECOND : -Infinity;
    const since = Math.max(0, readings.indexOf(ended) - readings.indexOf(Math.max(started, from)));
    return told * SECOND + (since * SECOND) / this.#rate;
  }

  // Whether it is there at `now` (ms).
  isInView(now) {
    return !this.ended && this.newest !== null && isCurrent(this.newest, this.#rate, now);
  }

  add(time, reading) {
    if (this.readings.length > 0 && time <= this.readings.last) return;
    this.newest = reading;
    this.arrived = performance.now();
    this.readings.add(time, reading.smoothed, reading.label);
    if (!this.#open.holds(time)) {
      this.#open.closeInto(this.seconds);
      this.#open = new OpenSecond(time);
    }
    this.#open.add(this.readings, this.readings.length - 1);
  }

  // Takes what the server made of each second, up to its newest; what is known beyond stays.
  takeSeconds(told) {
    for (let index = this.seconds.indexOf(told.last + SECOND / 2); index < this.seconds.length; index += 1) {
      const values = LABELS.map((_, number) => this.seconds.value(index, number));
      told.append(this.seconds.time(index), values, this.seconds.label(index));
    }
    this.seconds = told;
  }

  // The readings have a hole: from here on they begin anew, and the seconds alone say what was before.
  beginAnew() {
    this.#open.closeInto(this.seconds);
    this.#open = new OpenSecond();
    this.readings = new Series();
  }

  forgetBefore(readings, seconds) {
    this.readings.forgetBefore(readings);
    this.seconds.forgetBefore(seconds);
  }
}

class OpenSecond {
  #count = 0;
  #sums = new Float64Array(LABELS.length);
  #labels = new Int32Array(LABELS.length + 1); // the last one: abstained

  constructor(started = -Infinity) {
    this.started = started; // ms: its first reading
  }

  holds(time) {
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
    const values = this.#sums.map((sum) => sum / this.#count);
    seconds.append(this.started, values, label === LABELS.length ? ABSTAINED : label);
  }
}
