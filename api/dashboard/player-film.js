// The video and its clock. Where there is no picture to show, the clock goes on without it.

import { ticketed } from "./access.js";

const SMALLEST = 1 / 120; // s: the shortest step in the search for the next frame
const FARTHEST = 0.5; // s: how far it is searched for
const LASTS = 9 * 60_000; // ms that an address with a ticket is good for, with a margin

// Calls back on: changed() whenever what plays, or the picture's size, has changed; failed(reason).
export class Film {
  duration; // ms; the recording's, as the API tells it
  playable = false; // whether there are pictures
  #video;
  #path;
  #on;
  #openedAt = 0; // ms
  #shown = null; // s: the moment of the frame that is shown, where the browser tells it
  #held = 0; // ms: where the clock without pictures stands
  #since = null; // ms: since when it runs
  #stopped = new AbortController();

  constructor(video, duration, on) {
    this.#video = video;
    this.duration = duration;
    this.#on = on;
    const { signal } = this.#stopped;
    for (const name of ["play", "pause", "ended", "ratechange", "volumechange", "seeked"]) {
      video.addEventListener(name, () => on.changed(), { signal });
    }
    video.addEventListener("loadeddata", () => this.#loaded(), { signal });
    video.addEventListener("error", () => this.#failed(), { signal });
    this.#watchFrames();
  }

  // Loads the video that lies at this path of the API.
  async open(path, from = 0) {
    this.#path = path;
    this.#openedAt = Date.now();
    const address = await ticketed(path);
    if (this.#stopped.signal.aborted) return;
    this.#video.src = address;
    if (from > 0) this.#video.currentTime = from;
  }

  close() {
    this.#stopped.abort();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  get playing() {
    return this.playable ? !this.#video.paused && !this.#video.ended : this.#since !== null;
  }

  // The moment (ms) that is to be seen.
  get time() {
    if (this.playable) return this.#video.currentTime * 1000;
    const run = this.#since === null ? 0 : (performance.now() - this.#since) * this.rate;
    return Math.min(this.#held + run, this.duration);
  }

  // The moment (ms) of the very frame on the screen.
  get frameTime() {
    if (!this.playable || this.#shown === null) return this.time;
    return this.#shown * 1000;
  }

  get rate() { return this.#video.playbackRate; }
  set rate(rate) {
    this.#hold(this.time);
    this.#video.playbackRate = rate;
  }

  get muted() { return this.#video.muted; }
  set muted(muted) { this.#video.muted = muted; }

  seek(time) {
    const wanted = Math.min(Math.max(0, time), this.duration);
    if (this.playable) this.#video.currentTime = wanted / 1000;
    else this.#hold(wanted);
    this.#on.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.#play();
  }

  pause() {
    this.#video.pause();
    this.#hold(this.time);
    this.#since = null;
    this.#on.changed();
  }

  // Shows the frame after or before the one that is shown; `rate` of readings is the step without a picture.
  async step(direction, rate) {
    if (this.playing) this.pause();
    if (!this.playable || this.#shown === null) {
      this.seek(this.time + (direction * 1000) / rate);
      return;
    }
    const from = this.#shown;
    if (direction < 0) {
      await this.#show(from - 0.001); // a frame stands until the next, so this is the one before
      return;
    }
    for (let ahead = SMALLEST; ahead <= FARTHEST && this.#shown <= from; ahead += SMALLEST) {
      await this.#show(from + ahead); // how long a frame stands is not told, and may vary
    }
  }

  async #show(seconds) {
    const seeked = new Promise((done) => this.#video.addEventListener("seeked", done, { once: true }));
    this.#video.currentTime = Math.min(Math.max(0, seconds), this.#video.duration);
    await seeked;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }

  #play() {
    if (this.time >= this.duration - 40) this.seek(0);
    if (this.playable) this.#video.play();
    else this.#since = performance.now();
    this.#on.changed();
  }

  #hold(time) {
    this.#held = time;
    if (this.#since !== null) this.#since = performance.now();
  }

  // The clock without pictures stops at the end.
  tick() {
    if (!this.playable && this.#since !== null && this.time >= this.duration) this.pause();
  }

  #loaded() {
    if (this.#video.videoWidth === 0) {
      this.#failed(); // sound alone: the browser does not know the pictures' codec
      return;
    }
    if (!this.playable) this.#video.currentTime = this.#held / 1000;
    this.playable = true;
    this.#since = null;
    this.#on.changed();
  }

  #failed() {
    const expired = Date.now() - this.#openedAt > LASTS;
    if (this.playable && expired) {
      this.open(this.#path, this.#video.currentTime);
      return;
    }
    this.#held = this.time;
    this.playable = false;
    this.#on.failed();
  }

  #watchFrames() {
    if (!("requestVideoFrameCallback" in this.#video)) return;
    const note = (_, { mediaTime }) => {
      if (this.#stopped.signal.aborted) return;
      this.#shown = mediaTime;
      this.#on.framed();
      this.#video.requestVideoFrameCallback(note);
    };
    this.#video.requestVideoFrameCallback(note);
  }
}
