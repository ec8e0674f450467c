// Goes through a video frame by frame: browsers know seconds only.

const SMALLEST = 1 / 120; // s: the shortest step in the search for the next frame
const FARTHEST = 0.5; // s: how far it is searched for
const SAME = 60; // ms after a seek without word of a frame, in which case the frame is taken for the same
const MOST = 3; // steps that may wait, when a key is held down

export class Stepping {
  #video;
  #shown; // tells the moment (s) of the frame that is shown
  #stood = 0; // s: how long the frame before stood, as found when stepping
  #steps = 0; // that wait or are under way
  #done = Promise.resolve(); // when they are done
  #landed = Promise.resolve(); // when the newest seek, whoever asked for it, has shown its frame

  // `stopped`: the signal from which on it listens no more.
  constructor(video, shown, stopped) {
    this.#video = video;
    this.#shown = shown;
    video.addEventListener(
      "seeking",
      () => {
        this.#landed = this.#landing();
      },
      { signal: stopped },
    );
  }

  // Shows the frame after (1) or before (-1) the one that is shown.
  step(direction) {
    if (this.#steps === MOST) return;
    this.#steps += 1;
    const act = () =>
      this.#stepOnce(direction).finally(() => {
        this.#steps -= 1;
      });
    this.#done = this.#done.then(act, act);
  }

  // A frame stands until the next, so just before it is the one before. How long it stands is not told and may
  // vary: the next one is searched for, from a little less than the last one stood.
  async #stepOnce(direction) {
    await this.#landed;
    while (this.#video.seeking) await this.#landing();
    const from = this.#shown();
    if (from === null) return; // the video went away meanwhile
    if (direction < 0) {
      await this.#show(from - 0.001);
      return;
    }
    for (let ahead = Math.max(SMALLEST, this.#stood - SMALLEST); ahead <= FARTHEST; ahead += SMALLEST) {
      if (!(await this.#show(from + ahead))) return;
      this.#stood = ahead;
      if (this.#shown() > from) return;
    }
  }

  // False when the video went away meanwhile.
  #show(seconds) {
    const landing = this.#landing();
    this.#video.currentTime = Math.min(Math.max(0, seconds), this.#video.duration);
    return landing;
  }

  // Until the frame is shown that the video seeks; false when the video went away meanwhile.
  async #landing() {
    const video = this.#video;
    const heard = new AbortController();
    const seeked = new Promise((done) => {
      for (const type of ["seeked", "error", "emptied"]) {
        video.addEventListener(type, () => done(type === "seeked"), { signal: heard.signal });
      }
    }).finally(() => heard.abort());
    const framed = new Promise((done) => video.requestVideoFrameCallback(done));
    if (!(await seeked)) return false;
    await Promise.race([framed, quiet()]);
    return true;
  }
}

// Until no new frame is to be expected: the screen was drawn after a while, however busy the machine is.
async function quiet() {
  await new Promise((passed) => setTimeout(passed, SAME));
  await new Promise((drawn) => requestAnimationFrame(drawn));
}
