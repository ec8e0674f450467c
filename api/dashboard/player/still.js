// The picture of a recording that is no video: upright, in a format that every browser shows.

import { settled, ticketUrl } from "../app/http.js";
import { picturePath } from "../app/recordings-api.js";
import { byId } from "../lib/elements.js";

export class Still {
  #image = byId("still");
  #isClosed = false;

  /** @param {{ id: string, name: string, has_video: boolean }} recording */
  constructor({ id, name, has_video: exists }) {
    this.#image.alt = name;
    if (exists) this.#load(picturePath(id));
  }

  close() {
    this.#isClosed = true;
    this.#image.hidden = true;
    this.#image.removeAttribute("src");
  }

  async #load(path) {
    const { answer: url } = await settled(ticketUrl(path));
    if (!url || this.#isClosed) return;
    this.#image.src = url;
    this.#image.hidden = false;
  }
}
