// One face's smoothed distributions over time, in typed arrays that grow at the end and drop their beginning.

import { LABELS } from "./labels.js";

export const ABSTAINED = -1; // in the place of a label's number
export const SECOND = 1000; // ms
export const MAX_SECONDS_GAP = 2500; // ms between two seconds that belong together; one may be missing

/** Return the longest gap (ms) between two readings that belong together. @param {number} rate a second */
export const maxGapAt = (rate) => Math.max(600, 3000 / rate);

/** Times are ms, ascending; labels are indices of LABELS, or negative where the engine abstained. */
export class Series {
  #capacity = 256;
  #start = 0;
  #end = 0;
  #times = new Float64Array(this.#capacity);
  #values = new Float32Array(this.#capacity * LABELS.length);
  #labels = new Int8Array(this.#capacity);

  get length() {
    return this.#end - this.#start;
  }

  get first() {
    return this.#times[this.#start];
  }

  get last() {
    return this.#times[this.#end - 1];
  }

  time(index) {
    return this.#times[this.#start + index];
  }

  value(index, label) {
    return this.#values[(this.#start + index) * LABELS.length + label];
  }

  label(index) {
    return this.#labels[this.#start + index];
  }

  /** @param {Record<string, number>} distribution probability of each label @param {string | null} label */
  add(time, distribution, label) {
    const values = LABELS.map((name) => distribution[name]);
    this.append(time, values, label === null ? ABSTAINED : LABELS.indexOf(label));
  }

  /** Add values in the order of LABELS; ignore them unless they are newer than the last ones. */
  append(time, values, label) {
    if (this.length > 0 && time <= this.last) return;
    if (this.#end === this.#capacity) this.#grow();
    const at = this.#end++;
    this.#times[at] = time;
    this.#labels[at] = label;
    this.#values.set(values, at * LABELS.length);
  }

  /** Append the seconds of a face, as the API's overview has them: values are per cent. */
  appendSeconds({ times, values, labels }) {
    times.forEach((time, index) => {
      const shares = values[index].map((value) => value / 100);
      this.append(time, shares, labels[index]);
    });
  }

  dropBefore(time) {
    this.#start += this.indexOf(time);
  }

  /** Return the first index whose time is not before `time`. */
  indexOf(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Moves the content to the front of new arrays of twice its length.
  #grow() {
    this.#capacity = Math.max(256, this.length * 2);
    const moved = (array, width = 1) => {
      const longer = new array.constructor(this.#capacity * width);
      longer.set(array.subarray(this.#start * width, this.#end * width));
      return longer;
    };
    this.#times = moved(this.#times);
    this.#values = moved(this.#values, LABELS.length);
    this.#labels = moved(this.#labels);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
