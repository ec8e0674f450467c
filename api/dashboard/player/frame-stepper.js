// Steps through a video frame by frame; browsers seek by seconds only.

const MIN_STEP = 1 / 120; // s: the shortest step in the search for the next frame
const MAX_SEARCH = 0.5; // s: how far the next frame is searched for
const FRAME_TIMEOUT = 60; // ms after a seek without a new frame, after which the frame is taken for the same
const MAX_STEPS = 3; // that may wait, when a key is held down

export class FrameStepper {
  #video;
  #shownFrame;
  #duration = 0; // s of the frame before, as found when stepping
  #steps = 0; // that wait or run
  #stepsDone = Promise.resolve();
  #seekDone = Promise.resolve(); // when the newest seek, also of others, has shown its frame

  /** @param {() => number | null} shownFrame returns the time (s) of the frame on the screen */
  constructor(video, shownFrame, signal) {
    this.#video = video;
    this.#shownFrame = shownFrame;
    const onSeeking = () => {
      this.#seekDone = this.#frameAfterSeek();
    };
    video.addEventListener("seeking", onSeeking, { signal });
  }

  /** Show the next frame (1) or the one before (-1). */
  step(direction) {
    if (this.#steps === MAX_STEPS) return;
    this.#steps += 1;
    const run = () =>
      this.#stepOnce(direction).finally(() => {
        this.#steps -= 1;
      });
    this.#stepsDone = this.#stepsDone.then(run, run);
  }

  // Just before its time, the frame before is shown. The duration of frames is unknown and may vary: the next
  // one is searched for, from a little less than the duration of the last one.
  async #stepOnce(direction) {
    await this.#seekDone;
    while (this.#video.seeking) await this.#frameAfterSeek();
    const start = this.#shownFrame();
    if (start === null) return; // the video is gone
    if (direction < 0) {
      await this.#show(start - 0.001);
      return;
    }
    for (let step = Math.max(MIN_STEP, this.#duration - MIN_STEP); step <= MAX_SEARCH; step += MIN_STEP) {
      if (!(await this.#show(start + step))) return;
      this.#duration = step;
      if (this.#shownFrame() > start) return;
    }
  }

  // Resolves to false when the video is gone.
  #show(seconds) {
    const isShown = this.#frameAfterSeek();
    this.#video.currentTime = Math.min(Math.max(0, seconds), this.#video.duration);
    return isShown;
  }

  // Resolves when the frame is shown that the video seeks; to false when the video is gone.
  async #frameAfterSeek() {
    const video = this.#video;
    const listening = new AbortController();
    const seeked = new Promise((resolve) => {
      for (const type of ["seeked", "error", "emptied"]) {
        video.addEventListener(type, () => resolve(type === "seeked"), { signal: listening.signal });
      }
    }).finally(() => listening.abort());
    const newFrame = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    if (!(await seeked)) return false;
    await Promise.race([newFrame, timeout()]);
    return true;
  }
}

// Resolves when no new frame is to be expected: after a while, and a redraw however busy the machine.
async function timeout() {
  await new Promise((resolve) => setTimeout(resolve, FRAME_TIMEOUT));
  await new Promise((resolve) => requestAnimationFrame(resolve));
}
