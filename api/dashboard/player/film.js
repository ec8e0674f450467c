// The video and its clock. Where there is no picture to show, the clock goes on without it.

import { ticketed } from "../access.js";

const SMALLEST = 1 / 120; // s: the shortest step in the search for the next frame
const FARTHEST = 0.5; // s: how far it is searched for
const SAME = 60; // ms after a seek without word of a frame, in which case the frame is taken for the same
const STEPS = 3; // that may wait, when a key is held down
const LASTS = 9 * 60_000; // ms that an address with a ticket is good for, with a margin

// Calls back on: changed() when it stands elsewhere or goes on otherwise, framed() with each new frame, failed()
// when there are no pictures.
export class Film {
  duration = 0; // ms; the recording's, as the API tells it
  playable = false; // whether there are pictures
  #video;
  #path;
  #on;
  #start; // s
  #openedAt = 0; // ms
  #shown = null; // s: the moment of the frame that is shown, where the browser tells it
  #next = null; // s: where to go when the seek that is under way is done
  #stood = 0; // s: how long the frame before stood, as found when stepping
  #steps = 0; // that wait or are under way
  #stepped = Promise.resolve(); // when they are done
  #held = 0; // ms: where the clock without pictures stands
  #since = null; // ms: since when it runs
  #stopped = new AbortController();

  // `start` (s) is what the video's clock says at the recording's beginning: players show that, too.
  constructor(video, start, on) {
    this.#video = video;
    this.#start = Math.max(0, start); // below it they begin at 0
    this.#on = on;
    const { signal } = this.#stopped;
    video.addEventListener("seeked", () => this.#seekOn(), { signal });
    video.addEventListener("loadeddata", () => this.#loaded(), { signal });
    video.addEventListener("error", () => this.#failed(), { signal });
    this.#watchFrames();
  }

  // Loads the video that lies at this path of the API.
  async open(path) {
    this.#path = path;
    this.#openedAt = Date.now();
    const address = await ticketed(path);
    if (this.#stopped.signal.aborted) return;
    this.#video.src = address;
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
    if (this.playable) return Math.max(0, (this.#next ?? this.#video.currentTime) - this.#start) * 1000;
    const run = this.#since === null ? 0 : (performance.now() - this.#since) * this.rate;
    return Math.min(this.#held + run, this.duration);
  }

  // The moment (ms) of the very frame on the screen.
  get frameTime() {
    if (!this.playable || this.#shown === null) return this.time;
    return (this.#shown - this.#start) * 1000;
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
    const place = wanted / 1000 + this.#start;
    if (!this.playable) this.#hold(wanted);
    else if (this.#video.seeking) this.#next = place; // the newest wins
    else this.#video.currentTime = place;
    this.#on.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.#play();
  }

  #seekOn() {
    if (this.#next !== null) this.#video.currentTime = this.#next;
    this.#next = null;
    this.#on.changed();
  }

  pause() {
    this.#video.pause();
    this.#hold(this.time);
    this.#since = null;
    this.#on.changed();
  }

  // Puts captions, whose times are the recording's, where the video's clock has them.
  shiftCues({ cues }) {
    for (const cue of cues) {
      cue.endTime += this.#start;
      cue.startTime += this.#start;
    }
  }

  // Shows the frame after or before the one that is shown; `rate` of readings is the step without a picture.
  step(direction, rate) {
    if (this.playing) this.pause();
    if (!this.playable || this.#shown === null) {
      this.seek(this.time + (direction * 1000) / rate);
    } else if (this.#steps < STEPS) {
      this.#steps += 1;
      this.#stepped = this.#stepped.then(() => this.#stepOnce(direction));
    }
  }

  // A frame stands until the next, so just before it is the one before. How long it stands is not told and may
  // vary: the next one is searched for, from a little less than the last one stood.
  async #stepOnce(direction) {
    const from = this.#shown;
    if (direction < 0) await this.#show(from - 0.001);
    let ahead = Math.max(SMALLEST, this.#stood - SMALLEST);
    for (; direction > 0 && this.#shown <= from && ahead <= FARTHEST; ahead += SMALLEST) {
      await this.#show(from + ahead);
      this.#stood = ahead;
    }
    this.#steps -= 1;
  }

  async #show(seconds) {
    const video = this.#video;
    const seeked = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
    const framed = new Promise((done) => video.requestVideoFrameCallback(done));
    video.currentTime = Math.min(Math.max(0, seconds), video.duration);
    await seeked;
    await Promise.race([framed, new Promise((done) => setTimeout(done, SAME))]);
  }

  #play() {
    if (this.time >= this.duration - 40) this.seek(0);
    if (this.playable) this.#video.play().catch(() => this.#on.changed()); // paused again before it began
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
    if (!this.playable) this.#video.currentTime = this.#held / 1000 + this.#start;
    if (this.#since !== null) this.#video.play();
    this.playable = true;
    this.#since = null;
    this.#on.changed();
  }

  // An address with a ticket does not last; a new one goes on where the old one ended.
  #failed() {
    this.#held = this.time;
    if (this.playable && Date.now() - this.#openedAt > LASTS) {
      if (this.playing) this.#since = performance.now();
      this.playable = false;
      this.open(this.#path);
      return;
    }
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
