// What the faces show, as captions over the video: fetched when they are asked for.

import { attempt } from "../app/error-notice.js";
import { Problem, ticketed } from "../app/http.js";
import { filePath } from "../app/recordings-api.js";

const FILE = "timeline.vtt";

export class Captions {
  #video;
  #film;
  #element = null; // of the track, once it was asked for
  #path = null; // of the file, once it is there

  constructor(video, film) {
    this.#video = video;
    this.#film = film;
  }

  close() {
    this.#element?.remove();
  }

  // The recording as the list tells it.
  update({ id, files }) {
    this.#path = files.some(({ name }) => name === FILE) ? filePath(id, FILE) : null;
  }

  get there() {
    return this.#path !== null;
  }
  get showing() {
    return this.#element?.track.mode === "showing";
  }

  async toggle() {
    if (!this.there) return;
    if (this.#element) this.#element.track.mode = this.showing ? "disabled" : "showing";
    else await attempt(() => this.#load());
  }

  async #load() {
    const element = document.createElement("track");
    Object.assign(element, { kind: "captions", label: "What the faces show", srclang: "en" });
    this.#element = element;
    try {
      element.src = await ticketed(this.#path);
      this.#video.append(element);
      element.track.mode = "showing"; // without it the file is not asked for
      await loaded(element);
    } catch (problem) {
      this.#element = null;
      element.remove();
      throw problem;
    }
    this.#film.shiftCues(element.track);
  }
}

function loaded(element) {
  return new Promise((done, failed) => {
    element.addEventListener("load", done, { once: true });
    element.addEventListener("error", () => failed(new Problem("The captions did not come.")), {
      once: true,
    });
  });
}
