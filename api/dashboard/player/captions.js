// The captions over the video, fetched when they are switched on. The page shows them, because in a video that it
// turns the browser's own would be turned, too.

import { attempt } from "../app/error-notice.js";
import { Problem, ticketUrl } from "../app/http.js";
import { filePath } from "../app/recordings-api.js";
import { byId, make } from "../lib/elements.js";

const FILE = "timeline.vtt";
const ACTIVE = "hidden"; // the mode of a track whose cues the page shows

export class Captions {
  #video;
  #player;
  #element = null; // once it is requested
  #path = null; // of the file, once it exists
  #text = byId("captions-text");

  /** @param {HTMLVideoElement} video @param {import("./player.js").Player} player */
  constructor(video, player) {
    this.#video = video;
    this.#player = player;
  }

  get isAvailable() {
    return this.#path !== null;
  }

  get isShowing() {
    return this.#element?.track.mode === ACTIVE;
  }

  close() {
    this.#element?.remove();
    this.#text.replaceChildren();
  }

  /** Take the recording's newest state. */
  update({ id, files }) {
    this.#path = files.some(({ name }) => name === FILE) ? filePath(id, FILE) : null;
  }

  async toggle() {
    if (!this.isAvailable) return;
    if (this.#element) this.#element.track.mode = this.isShowing ? "disabled" : ACTIVE;
    else await attempt(() => this.#load());
    this.#show();
  }

  async #load() {
    const element = make("track", { kind: "captions", label: "Expressions", srclang: "en" });
    this.#element = element;
    try {
      element.src = await ticketUrl(this.#path);
      this.#video.append(element);
      element.track.mode = ACTIVE; // else the browser does not load it
      await loaded(element);
    } catch (problem) {
      this.#element = null;
      element.remove();
      throw problem;
    }
    this.#player.shiftCues(element.track);
    element.track.addEventListener("cuechange", () => this.#show());
  }

  #show() {
    const cues = this.isShowing ? [...(this.#element.track.activeCues ?? [])] : [];
    this.#text.replaceChildren(...cues.map((cue) => make("p", {}, cue.getCueAsHTML())));
  }
}

function loaded(element) {
  return new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Problem("The captions could not be loaded."));
  });
}
