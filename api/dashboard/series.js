// One face's smoothed distributions over time, in typed arrays that grow and forget. Times are ms, ascending.

import { LABELS } from "./palette.js";

const ABSTAINED = -1;

export class Series {
  #capacity = 256;
  #start = 0;
  #end = 0;
  #times = new Float64Array(this.#capacity);
  #values = new Float32Array(this.#capacity * LABELS.length);
  #labels = new Int8Array(this.#capacity);

  get length() { return this.#end - this.#start; }
  get first() { return this.#times[this.#start]; }
  get last() { return this.#times[this.#end - 1]; }

  time(index) { return this.#times[this.#start + index]; }
  value(index, label) { return this.#values[(this.#start + index) * LABELS.length + label]; }

  // The label's number, or a negative one where the engine abstained.
  label(index) { return this.#labels[this.#start + index]; }

  add(time, distribution, label) {
    if (this.length > 0 && time <= this.last) return;
    if (this.#end === this.#capacity) this.#move(0);
    const at = this.#end++;
    this.#times[at] = time;
    this.#labels[at] = label === null ? ABSTAINED : LABELS.indexOf(label);
    LABELS.forEach((name, number) => { this.#values[at * LABELS.length + number] = distribution[name]; });
  }

  // Puts a series that is older than this one in front of it.
  prepend(older) {
    const count = this.length === 0 ? older.length : older.indexOf(this.first);
    if (count === 0) return;
    this.#move(count);
    this.#start -= count;
    this.#times.set(older.#times.subarray(older.#start, older.#start + count), this.#start);
    this.#labels.set(older.#labels.subarray(older.#start, older.#start + count), this.#start);
    const width = LABELS.length;
    const values = older.#values.subarray(older.#start * width, (older.#start + count) * width);
    this.#values.set(values, this.#start * width);
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

  // Moves the content to fresh arrays with room for `before` in front and as much again behind.
  #move(before) {
    const width = LABELS.length;
    const count = this.length;
    this.#capacity = Math.max(256, (before + count) * 2);
    const times = new Float64Array(this.#capacity);
    const values = new Float32Array(this.#capacity * width);
    const labels = new Int8Array(this.#capacity);
    times.set(this.#times.subarray(this.#start, this.#end), before);
    labels.set(this.#labels.subarray(this.#start, this.#end), before);
    values.set(this.#values.subarray(this.#start * width, this.#end * width), before * width);
    [this.#times, this.#values, this.#labels] = [times, values, labels];
    this.#start = before;
    this.#end = before + count;
  }
}
