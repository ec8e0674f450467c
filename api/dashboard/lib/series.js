// One face's smoothed distributions over time, in typed arrays that grow and forget. Times are ms, ascending.

import { LABELS } from "./labels.js";

const ABSTAINED = -1;

// The longest time (ms) between two readings that still belong together, where `rate` come a second.
export const gapAt = (rate) => Math.max(600, 3000 / rate);

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

  // The label's number, or a negative one where the engine abstained.
  label(index) {
    return this.#labels[this.#start + index];
  }

  add(time, distribution, label) {
    this.append(
      time,
      LABELS.map((name) => distribution[name]),
      label === null ? ABSTAINED : LABELS.indexOf(label),
    );
  }

  // The same with the values in the order of LABELS and the label's number. Passes over what is not newer.
  append(time, values, label) {
    if (this.length > 0 && time <= this.last) return;
    if (this.#end === this.#capacity) this.#move();
    const at = this.#end++;
    this.#times[at] = time;
    this.#labels[at] = label;
    this.#values.set(values, at * LABELS.length);
  }

  forgetBefore(time) {
    this.#start += this.indexOf(time);
  }

  // The first index whose time is not before `time`.
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

  // Moves the content to the front of fresh arrays with room for as much again.
  #move() {
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
