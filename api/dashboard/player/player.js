// The video and its clock. Where there is no picture to show, the clock goes on without it.

import { Stepping } from "./frame-stepper.js";
import { Supply } from "./video-loader.js";

// Calls back on: changed() when it stands elsewhere or goes on otherwise, framed() with each new frame,
// told(whether there are pictures: "here", "away" for now, or "never").
export class Film {
  duration = 0; // ms; the recording's, as the API tells it
  playable = false; // whether there are pictures
  #video;
  #on;
  #start; // s
  #supply = null;
  #stepping;
  #shown = null; // s: the moment of the frame that is shown, where the browser tells it
  #next = null; // s: where to go when the seek that is under way is done
  #held = 0; // ms: where the clock without pictures stands
  #since = null; // ms: since when it runs
  #stopped = new AbortController();

  // `start` (s) is what the video's clock says at the recording's beginning: players show that, too.
  constructor(video, start, on) {
    this.#video = video;
    this.#start = Math.max(0, start); // below it they begin at 0
    this.#on = on;
    const { signal } = this.#stopped;
    this.#stepping = new Stepping(video, () => this.#shown, signal);
    this.rate = 1;
    video.addEventListener("seeked", () => this.#seekOn(), { signal });
    video.addEventListener("loadeddata", () => this.#loaded(), { signal });
    video.addEventListener("error", () => this.#supply?.failed(), { signal });
    this.#watchFrames();
  }

  // Loads the video that lies at this path of the API.
  open(path) {
    this.#supply = new Supply(this.#video, path, {
      away: (attempts) => this.#lose(attempts > 0 ? "away" : null), // what passes at once needs no word
      refused: () => this.#lose("never"),
    });
    this.#supply.fetch();
  }

  close() {
    this.#stopped.abort();
    this.#supply?.close();
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

  get rate() {
    return this.#video.playbackRate;
  }
  set rate(rate) {
    this.#hold(this.time);
    this.#video.defaultPlaybackRate = rate; // else loading it anew plays it at its own speed
    this.#video.playbackRate = rate;
  }

  get muted() {
    return this.#video.muted;
  }
  set muted(muted) {
    this.#video.muted = muted;
  }

  seek(time) {
    const wanted = Math.min(Math.max(0, time), this.duration);
    const place = wanted / 1000 + this.#start;
    if (!this.playable) this.#hold(wanted);
    else if (this.#video.seeking)
      this.#next = place; // the newest wins
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
    } else {
      this.#stepping.step(direction);
    }
  }

  #play() {
    if (this.time >= this.duration - 40) this.seek(0);
    if (this.playable)
      this.#video.play().catch(() => this.#on.changed()); // paused again before it began
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
      this.#lose("never"); // sound alone: the browser does not know the pictures' codec
      return;
    }
    this.#supply.came();
    if (!this.playable) this.#video.currentTime = this.time / 1000 + this.#start;
    const goesOn = this.#since !== null;
    this.#since = null;
    this.playable = true;
    if (goesOn) this.#play();
    this.#on.told("here");
    this.#on.changed();
  }

  // Without pictures the clock goes on from where it is. Null tells nothing of it.
  #lose(how) {
    const { time, playing } = this;
    this.playable = false;
    this.#next = this.#shown = null;
    this.#held = time;
    this.#since = playing ? performance.now() : null;
    if (how) this.#on.told(how);
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
