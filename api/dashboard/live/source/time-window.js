// Which part of the time the timelines show: how long, and until when. All times are ms.

export const LENGTHS = [10_000, 60_000, 600_000, 3_600_000];
const SHORTEST = LENGTHS[0];
const LONGEST = LENGTHS.at(-1);

export class View {
  length = 60_000;
  ended = null; // null: it follows the present

  get stands() {
    return this.ended !== null;
  }

  // { started, ended } as it is at `now`.
  at(now) {
    const ended = this.ended ?? now;
    return { started: ended - this.length, ended };
  }

  stop(now) {
    this.ended ??= now;
  }
  follow() {
    this.ended = null;
  }

  // Changes the length by a factor; the moment at `ratio` of the width keeps its place while the view stands.
  zoom(factor, ratio, now) {
    const length = Math.min(LONGEST, Math.max(SHORTEST, this.length * factor));
    if (this.ended !== null) this.ended = Math.min(now, this.ended + (length - this.length) * (1 - ratio));
    this.length = length;
  }

  // Moves it by a time; it stands from then on, unless it reaches the present.
  pan(by, now) {
    const ended = (this.ended ?? now) + by;
    this.ended = ended >= now ? null : Math.max(ended, now - LONGEST + this.length);
  }
}
