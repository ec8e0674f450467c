// Two series of one face as if they were one: its seconds up to some moment, its readings from there on.

import { SECOND, SECONDS_APART } from "../face.js";

const WIDE = 300_000; // ms: in a longer window a pixel holds more than one reading, and seconds are enough

export class Levels {
  #seconds;
  #readings;
  #count; // of the seconds that come first
  #from; // index of the first reading that follows
  #gap;

  // `length` of the window and `gap`, the longest time between two readings that belong together, in ms.
  constructor({ seconds, readings }, length, gap) {
    this.#seconds = seconds;
    this.#readings = readings;
    this.#gap = gap;
    const all = length > WIDE && seconds.length > 0;
    this.#count = all || readings.length === 0 ? seconds.length : seconds.indexOf(readings.first);
    this.#from = all ? readings.indexOf(Math.floor(seconds.last / SECOND) * SECOND + SECOND) : 0;
  }

  get length() {
    return this.#count + this.#readings.length - this.#from;
  }
  get first() {
    return this.time(0);
  }
  get last() {
    return this.time(this.length - 1);
  }

  time(index) {
    return index < this.#count ? this.#seconds.time(index) : this.#readings.time(this.#later(index));
  }

  value(index, label) {
    return index < this.#count
      ? this.#seconds.value(index, label)
      : this.#readings.value(this.#later(index), label);
  }

  label(index) {
    return index < this.#count ? this.#seconds.label(index) : this.#readings.label(this.#later(index));
  }

  // The longest time before the one at `index` with which it still belongs to what was before.
  gapBefore(index) {
    return index <= this.#count ? SECONDS_APART : this.#gap;
  }

  // How long the one at `index` goes on if nothing follows.
  holds(index) {
    return index < this.#count ? SECOND : 0;
  }

  indexOf(time) {
    const index = this.#seconds.indexOf(time);
    if (index < this.#count) return index;
    return this.#count + Math.max(0, this.#readings.indexOf(time) - this.#from);
  }

  #later(index) {
    return index - this.#count + this.#from;
  }
}
