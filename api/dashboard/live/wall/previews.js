// Pictures for the tiles in view, a few a second for all of them together, each tile in its turn.

import { Problem } from "../../app/http.js";
import { previewOf } from "../../app/sources-api.js";

const BEAT = 80; // ms between two pictures
const BETWEEN = 400; // ms between two of one tile
const AFTER_NONE = 3000; // ms before a tile that had no picture is asked for again
const AT_ONCE = 3; // requests under way; browsers have six for all that a page asks

export class Previews {
  #tiles = new Map(); // tile: when its next picture may be asked for; on the clock of performance.now()
  #asking = 0;
  #timer = null;

  // A tile has `id`, `picture` (shown, blurred or none), `hasPicture` and show(bitmap, picture, moment).
  add(tile) {
    this.#tiles.set(tile, 0);
    this.#timer ??= setInterval(() => this.#beat(), BEAT);
  }

  remove(tile) {
    this.#tiles.delete(tile);
    if (this.#tiles.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #beat() {
    if (this.#asking >= AT_ONCE) return;
    const waiting = [...this.#tiles].filter(([tile, at]) => tile.hasPicture && at <= performance.now());
    const next = waiting.sort(([, one], [, other]) => one - other)[0];
    if (next) this.#ask(next[0]);
  }

  async #ask(tile) {
    this.#asking += 1;
    this.#tiles.set(tile, performance.now() + BETWEEN);
    let shown = false;
    try {
      shown = await this.#show(tile);
    } finally {
      this.#asking -= 1;
    }
    if (!shown && this.#tiles.has(tile)) this.#tiles.set(tile, performance.now() + AFTER_NONE);
  }

  async #show(tile) {
    const { picture } = tile;
    try {
      const preview = await previewOf(tile.id);
      if (preview === null) return false;
      const bitmap = await createImageBitmap(preview.blob, {
        resizeWidth: tile.pixels,
        resizeQuality: "medium",
      });
      tile.show(bitmap, picture, preview.moment);
      bitmap.close();
      return true;
    } catch (problem) {
      if (problem instanceof Problem || problem instanceof DOMException) return false; // away, or damaged
      throw problem;
    }
  }
}
