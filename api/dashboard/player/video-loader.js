// Loads a video, again and again with growing pauses while the network fails.

import { send, settled, ticketUrl } from "../app/http.js";
import { Backoff } from "../lib/backoff.js";

const MAX_UNSUPPORTED = 1; // times in a row before the browser is believed
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000]; // ms before each new attempt

export class VideoLoader {
  #video;
  #path;
  #on;
  #backoff = new Backoff(PAUSES);
  #unsupported = 0; // times in a row that the browser refused what the server sent
  #timer = null;
  #isClosed = false;

  /** @param {object} on callbacks: failed(number of failures) before another attempt, unplayable() */
  constructor(video, path, on) {
    this.#video = video;
    this.#path = path;
    this.#on = on;
  }

  async load() {
    const { answer: url } = await settled(ticketUrl(this.#path));
    if (!url) this.#retry();
    else if (!this.#isClosed) this.#video.src = url;
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  onLoaded() {
    this.#backoff.reset();
    this.#unsupported = 0;
  }

  /** React to the video's error event: a network error passes, and so does an expired ticket. */
  async onError() {
    const code = this.#video.error?.code;
    if (code === MediaError.MEDIA_ERR_DECODE) {
      this.#on.unplayable();
      return;
    }
    // Browsers report an unsupported source also when no answer comes.
    const isUnsupported = code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED && (await this.#doesServerAnswer());
    if (isUnsupported) this.#unsupported += 1;
    if (this.#isClosed) return;
    if (this.#unsupported > MAX_UNSUPPORTED) this.#on.unplayable();
    else this.#retry();
  }

  #retry() {
    if (this.#isClosed) return;
    const pause = this.#backoff.next();
    this.#on.failed(this.#backoff.failures);
    this.#timer = setTimeout(() => this.load(), pause);
  }

  async #doesServerAnswer() {
    const { answer } = await settled(send(this.#path, { headers: { Range: "bytes=0-0" } }));
    answer?.body?.cancel(); // a server may ignore the range and send all
    return answer?.status < 500;
  }
}
