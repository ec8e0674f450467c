// All sources as tiles. Those in view are followed and get pictures; the others cost nothing.

import { serverNow } from "../../app/server-clock.js";
import { arrangeChildren, byId, setText } from "../../lib/elements.js";
import { counted } from "../../lib/format.js";
import { Previews } from "./previews.js";
import { Tile } from "./tile.js";

export class Wall {
  #tiles = new Map(); // id of the source: tile
  #inView = new Set();
  #isVisible = true; // the page
  #previews = new Previews();
  #observer = new IntersectionObserver((entries) => this.#onIntersection(entries), { rootMargin: "80px" });

  /**
   * Show these sources in their order; none while the wall is hidden.
   * @param {{ isMissing: boolean }} options the URL names a source that does not exist
   */
  show(sources, { isMissing }) {
    const ids = new Set(sources.map(({ id }) => id));
    for (const [id, tile] of this.#tiles) if (!ids.has(id)) this.#remove(id, tile);
    const tiles = sources.map((source) => this.#updatedTile(source));
    arrangeChildren(byId("tiles"), tiles);
    const count = `${counted(sources.length, "source")}. Strips show the last ten minutes.`;
    setText(byId("wall-text"), isMissing ? "This source does not exist (any more)." : count);
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    for (const tile of this.#tiles.values()) this.#openOrClose(tile);
  }

  draw() {
    const now = serverNow();
    for (const tile of this.#inView) tile.draw(now);
  }

  #updatedTile(source) {
    if (!this.#tiles.has(source.id)) {
      const tile = new Tile(source);
      this.#tiles.set(source.id, tile);
      this.#observer.observe(tile.element);
    }
    const tile = this.#tiles.get(source.id);
    tile.update(source);
    return tile;
  }

  #remove(id, tile) {
    this.#tiles.delete(id);
    this.#inView.delete(tile);
    this.#observer.unobserve(tile.element);
    this.#openOrClose(tile);
  }

  #onIntersection(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = [...this.#tiles.values()].find(({ element }) => element === target);
      if (!tile) continue;
      if (isIntersecting) this.#inView.add(tile);
      else this.#inView.delete(tile);
      this.#openOrClose(tile);
    }
  }

  #openOrClose(tile) {
    if (this.#isVisible && this.#inView.has(tile)) {
      tile.open();
      this.#previews.add(tile);
    } else {
      tile.close();
      this.#previews.remove(tile);
    }
  }
}
