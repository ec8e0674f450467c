// One face's smoothed distributions over time, in typed arrays that grow at the end and drop their beginning.

import { LABELS } from "./labels.js";

export const ABSTAINED = -1; // in the place of a label's number

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

  /**
   * @param {number} time
   * @param {Record<string, number>} distribution probability of each label
   * @param {string | null} label
   */
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
    const width = LABELS.length;
    const count = this.length;
    this.#capacity = Math.max(256, count * 2);
    const times = new Float64Array(this.#capacity);
    const values = new Float32Array(this.#capacity * width);
    const labels = new Int8Array(this.#capacity);
    times.set(this.#times.subarray(this.#start, this.#end));
    labels.set(this.#labels.subarray(this.#start, this.#end));
    values.set(this.#values.subarray(this.#start * width, this.#end * width));
    [this.#times, this.#values, this.#labels] = [times, values, labels];
    this.#start = 0;
    this.#end = count;
  }
}
