// The part of the time that the live timelines show. All times are ms.

export const LENGTHS = [10_000, 60_000, 600_000, 3_600_000];
const SHORTEST = LENGTHS[0];
const LONGEST = LENGTHS.at(-1);

export class TimeWindow {
  length = 60_000;
  ended = null; // null: it follows the present

  get isPaused() {
    return this.ended !== null;
  }

  /** @returns {import("../../lib/records.js").TimeRange} what is shown at `now` */
  at(now) {
    const ended = this.ended ?? now;
    return { started: ended - this.length, ended };
  }

  togglePause(now) {
    this.ended = this.isPaused ? null : now;
  }

  resume() {
    this.ended = null;
  }

  /** Change the length by a factor; in a pause the moment at `ratio` of the width keeps its place. */
  zoom(factor, ratio, now) {
    const length = Math.min(LONGEST, Math.max(SHORTEST, this.length * factor));
    if (this.isPaused) this.ended = Math.min(now, this.ended + (length - this.length) * (1 - ratio));
    this.length = length;
  }

  /** Move by a time, which pauses it unless that leads to the present. */
  pan(by, now) {
    const ended = (this.ended ?? now) + by;
    this.ended = ended >= now ? null : Math.max(ended, now - LONGEST + this.length);
  }
}
