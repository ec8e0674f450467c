// Frames for the tiles in view: a few a second for all tiles together, each in its turn.

import { Problem } from "../../app/http.js";
import { fetchPreview } from "../../app/sources-api.js";

const TICK = 80; // ms between two requests, at least
const TILE_INTERVAL = 400; // ms between two frames of one tile
const PAUSE_WITHOUT = 3000; // ms before the next request for a tile that had no frame
const MAX_REQUESTS = 3; // at a time; browsers have six for all that a page asks for

export class Previews {
  #tiles = new Map(); // tile: when its next frame may be requested, by performance.now()
  #requests = 0;
  #timer = null;

  /** @param {object} tile has `id`, `pixels`, `picture`, `hasPicture` and show(bitmap, picture, mediaTime) */
  add(tile) {
    this.#tiles.set(tile, 0);
    this.#timer ??= setInterval(() => this.#requestNext(), TICK);
  }

  remove(tile) {
    this.#tiles.delete(tile);
    if (this.#tiles.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #requestNext() {
    if (this.#requests >= MAX_REQUESTS) return;
    const ready = [...this.#tiles].filter(([tile, at]) => tile.hasPicture && at <= performance.now());
    const next = ready.sort(([, one], [, other]) => one - other)[0];
    if (!next) return;
    const [tile] = next;
    this.#requests += 1;
    this.#tiles.set(tile, performance.now() + TILE_INTERVAL);
    let isShown = false;
    try {
      isShown = await showPreview(tile);
    } finally {
      this.#requests -= 1;
    }
    if (!isShown && this.#tiles.has(tile)) this.#tiles.set(tile, performance.now() + PAUSE_WITHOUT);
  }
}

async function showPreview(tile) {
  const { picture } = tile;
  try {
    const preview = await fetchPreview(tile.id);
    if (preview === null) return false;
    const size = { resizeWidth: tile.pixels, resizeQuality: "medium" };
    const bitmap = await createImageBitmap(preview.blob, size);
    tile.show(bitmap, picture, preview.mediaTime);
    bitmap.close();
    return true;
  } catch (problem) {
    if (problem instanceof Problem || problem instanceof DOMException) return false; // no answer, or damaged
    throw problem;
  }
}
