// The part of a recording that its timelines show: zoomed, moved, and following what plays. All times are ms.

const SHORTEST = 2000;

export class TimeWindow {
  started = 0;
  ended = 1;
  duration = 1; // of the recording

  get length() {
    return this.ended - this.started;
  }

  get isWhole() {
    return this.length >= this.duration;
  }

  /** Set the recording's length; a window that shows all of it still does. */
  setDuration(duration) {
    const wasWhole = this.isWhole;
    this.duration = Math.max(1, duration);
    if (wasWhole) this.show(this.duration, 0);
    else this.show(this.length, this.started);
  }

  /** Show a range of this length from `started`, both limited by the recording. */
  show(length, started) {
    const shown = this.#limited(length);
    this.started = Math.min(Math.max(0, started), this.duration - shown);
    this.ended = this.started + shown;
  }

  /** Change the length; the moment `around` keeps its place. */
  zoom(length, around) {
    const shown = this.#limited(length);
    const fixed = Math.min(Math.max(around, this.started), this.ended);
    this.show(shown, fixed - this.ratio(fixed) * shown);
  }

  pan(by) {
    this.show(this.length, this.started + by);
  }

  includes(time) {
    return time >= this.started && time <= this.ended;
  }

  /** Show the next page when what plays leaves the window; it begins a tenth before that moment. */
  follow(time) {
    if (!this.includes(time)) this.show(this.length, time - this.length / 10);
  }

  /** Return the place of a time as a share of the width. */
  ratio(time) {
    return (time - this.started) / this.length;
  }

  time(ratio) {
    return this.started + ratio * this.length;
  }

  #limited(length) {
    return Math.min(this.duration, Math.max(Math.min(SHORTEST, this.duration), length));
  }
}
