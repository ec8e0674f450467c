// Where a video comes from: its address, fetched anew with growing pauses when the network fails.

import { Problem, reach, ticketed } from "../app/http.js";

const DAMAGED = 3; // MediaError.MEDIA_ERR_DECODE
const UNSUPPORTED = 4; // MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED; browsers say so also when no answer comes
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000]; // ms before each new attempt; from then on the last

// Calls back on: away(attempts made anew) when the video does not come for now, refused() when this browser cannot play it.
export class Supply {
  #video;
  #path;
  #on;
  #attempts = 0; // since the video came last
  #unsupported = 0; // how often in a row the browser said so of what the server sent
  #timer = null;
  #closed = false;

  // The video lies at `path` of the API.
  constructor(video, path, on) {
    this.#video = video;
    this.#path = path;
    this.#on = on;
  }

  async fetch() {
    try {
      const address = await ticketed(this.#path);
      if (!this.#closed) this.#video.src = address;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#again();
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  came() {
    this.#attempts = 0;
    this.#unsupported = 0;
  }

  // The browser gave the video up. A network fault passes, and so does a ticket that is no longer good.
  async failed() {
    const code = this.#video.error?.code;
    if (code === DAMAGED) {
      this.#on.refused();
      return;
    }
    if (code === UNSUPPORTED && (await this.#answers())) this.#unsupported += 1;
    if (this.#closed) return;
    if (this.#unsupported > 1) this.#on.refused();
    else this.#again();
  }

  #again() {
    if (this.#closed) return;
    this.#on.away(this.#attempts);
    const pause = PAUSES[Math.min(this.#attempts, PAUSES.length - 1)];
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.fetch(), pause);
  }

  async #answers() {
    try {
      const answer = await reach(this.#path, { headers: { Range: "bytes=0-0" } });
      answer.body?.cancel(); // should it be all of the video after all
      return answer.status < 500;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      return false;
    }
  }
}
