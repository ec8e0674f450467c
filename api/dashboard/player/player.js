// The video and its clock. Without a picture the clock runs alone, so that the timelines still play.

import { FrameStepper } from "./frame-stepper.js";
import { VideoLoader } from "./video-loader.js";

const REPORTS_FRAMES = "requestVideoFrameCallback" in HTMLVideoElement.prototype;
const AT_END = 40; // ms before the end from which on playing begins at the start

export class Player {
  duration = 0; // ms; of the recording, as the API has it
  hasPicture = false; // the video is loaded
  #video;
  #on;
  #start; // s
  #loader = null;
  #stepper;
  #shownFrame = null; // s: time of the frame on the screen, where the browser reports it
  #nextSeek = null; // s: where to seek after the seek that is going on; the newest call wins
  #clockTime = 0; // ms: the clock without a picture
  #clockSince = null; // ms: since when that clock runs; null: it does not
  #closing = new AbortController();

  /**
   * @param {number} start s: the video's own time at the recording's beginning
   * @param {object} on callbacks: changed() after a seek, play or pause, frame() with each new frame,
   *   videoState("ready", "loading" or "unplayable")
   */
  constructor(video, start, on) {
    this.#video = video;
    this.#start = Math.max(0, start); // a video with negative times begins at 0
    this.#on = on;
    const { signal } = this.#closing;
    this.#stepper = new FrameStepper(video, () => this.#shownFrame, signal);
    this.setSpeed(1);
    video.addEventListener("seeked", () => this.#onSeeked(), { signal });
    video.addEventListener("loadeddata", () => this.#onLoaded(), { signal });
    video.addEventListener("error", () => this.#loader?.onError(), { signal });
    this.#watchFrames();
  }

  /** Load the video. @param {string} path of the API */
  load(path) {
    this.#loader = new VideoLoader(this.#video, path, {
      // A short failure needs no notice.
      failed: (failures) => this.#losePicture(failures > 1 ? "loading" : null),
      unplayable: () => this.#losePicture("unplayable"),
    });
    this.#loader.load();
  }

  close() {
    this.#closing.abort();
    this.#loader?.close();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  get isPlaying() {
    return this.hasPicture ? !this.#video.paused && !this.#video.ended : this.#clockSince !== null;
  }

  /** The moment (ms) that the player is at. */
  get time() {
    if (this.hasPicture) return Math.max(0, (this.#nextSeek ?? this.#video.currentTime) - this.#start) * 1000;
    const run = this.#clockSince === null ? 0 : (performance.now() - this.#clockSince) * this.speed;
    return Math.min(this.#clockTime + run, this.duration);
  }

  /** The moment (ms) of the frame on the screen. */
  get frameTime() {
    if (!this.hasPicture || this.#shownFrame === null) return this.time;
    return (this.#shownFrame - this.#start) * 1000;
  }

  /** A frame is on the screen, so that the video has its size. */
  get hasFrame() {
    return this.hasPicture && (this.#shownFrame !== null || !REPORTS_FRAMES);
  }

  get speed() {
    return this.#video.playbackRate;
  }

  setSpeed(speed) {
    this.#setClock(this.time);
    this.#video.defaultPlaybackRate = speed; // else loading it again resets the speed
    this.#video.playbackRate = speed;
  }

  get isMuted() {
    return this.#video.muted;
  }

  toggleSound() {
    this.#video.muted = !this.#video.muted;
  }

  /** @param {number} time ms */
  seek(time) {
    const limited = Math.min(Math.max(0, time), this.duration);
    const seconds = limited / 1000 + this.#start;
    if (!this.hasPicture) this.#setClock(limited);
    else if (this.#video.seeking) this.#nextSeek = seconds;
    else this.#video.currentTime = seconds;
    this.#on.changed();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.#play();
  }

  pause() {
    this.#video.pause();
    this.#setClock(this.time);
    this.#clockSince = null;
    this.#on.changed();
  }

  /** Move captions, whose times are the recording's, to the video's own times. */
  shiftCues({ cues }) {
    for (const cue of cues) {
      cue.endTime += this.#start;
      cue.startTime += this.#start;
    }
  }

  /** Show the next frame (1) or the one before (-1). @param {number} rate steps a second without a picture */
  step(direction, rate) {
    if (this.isPlaying) this.pause();
    if (this.hasPicture && this.#shownFrame !== null) this.#stepper.step(direction);
    else this.seek(this.time + (direction * 1000) / rate);
  }

  /** Stop the clock without a picture at the end. */
  stopAtEnd() {
    if (!this.hasPicture && this.#clockSince !== null && this.time >= this.duration) this.pause();
  }

  #play() {
    if (this.time >= this.duration - AT_END) this.seek(0);
    if (this.hasPicture)
      this.#video.play().catch(() => this.#on.changed()); // paused before it began
    else this.#clockSince = performance.now();
    this.#on.changed();
  }

  #setClock(time) {
    this.#clockTime = time;
    if (this.#clockSince !== null) this.#clockSince = performance.now();
  }

  #onSeeked() {
    if (this.#nextSeek !== null) this.#video.currentTime = this.#nextSeek;
    this.#nextSeek = null;
    this.#on.changed();
  }

  #onLoaded() {
    if (this.#video.videoWidth === 0) {
      this.#losePicture("unplayable"); // sound alone: the browser has no decoder for the picture
      return;
    }
    this.#loader.onLoaded();
    if (!this.hasPicture) this.#video.currentTime = this.time / 1000 + this.#start;
    const wasPlaying = this.#clockSince !== null;
    this.#clockSince = null;
    this.hasPicture = true;
    if (wasPlaying) this.#play();
    this.#on.videoState("ready");
    this.#on.changed();
  }

  // Continues with the clock alone. A null state is not reported.
  #losePicture(state) {
    const { time, isPlaying } = this;
    this.hasPicture = false;
    this.#nextSeek = null;
    this.#shownFrame = null;
    this.#clockTime = time;
    this.#clockSince = isPlaying ? performance.now() : null;
    if (state) this.#on.videoState(state);
  }

  #watchFrames() {
    if (!REPORTS_FRAMES) return;
    const onFrame = (_, { mediaTime }) => {
      if (this.#closing.signal.aborted) return;
      this.#shownFrame = mediaTime;
      this.#on.frame();
      this.#video.requestVideoFrameCallback(onFrame);
    };
    this.#video.requestVideoFrameCallback(onFrame);
  }
}
