// Which stretch of a recording the timelines show: zoomed, moved, and following what plays. All times are ms.

const SHORTEST = 2000;

export class View {
  started = 0;
  ended = 1;
  #duration = 1;

  get length() {
    return this.ended - this.started;
  }
  get isWhole() {
    return this.length >= this.#duration;
  }
  get duration() {
    return this.#duration;
  }

  // The recording is that long now; who looked at the whole of it still does.
  extend(duration) {
    const whole = this.isWhole;
    this.#duration = Math.max(1, duration);
    if (whole) this.show(this.#duration, 0);
    else this.show(this.length, this.started);
  }

  // Shows a stretch of this length from `started`, both within what there is.
  show(length, started) {
    const shown = Math.min(this.#duration, Math.max(Math.min(SHORTEST, this.#duration), length));
    this.started = Math.min(Math.max(0, started), this.#duration - shown);
    this.ended = this.started + shown;
  }

  // Another length, with the moment `around` staying where it is.
  zoom(length, around) {
    const wanted = Math.min(this.#duration, Math.max(Math.min(SHORTEST, this.#duration), length));
    const middle = Math.min(Math.max(around, this.started), this.ended);
    this.show(wanted, middle - this.ratio(middle) * wanted);
  }

  pan(by) {
    this.show(this.length, this.started + by);
  }

  holds(time) {
    return time >= this.started && time <= this.ended;
  }

  // Turns the page when what plays leaves it; the new one begins a tenth of it before that.
  follow(time) {
    if (this.holds(time)) return;
    this.show(this.length, time - this.length / 10);
  }

  ratio(time) {
    return (time - this.started) / this.length;
  }
  time(ratio) {
    return this.started + ratio * this.length;
  }
}
