// All sources as tiles. Those in view are followed and get pictures; the others cost nothing.

import { serverNow } from "../../app/server-clock.js";
import { connection } from "../../app/shell.js";
import { onSchemeChange, pageColours } from "../../lib/colours.js";
import { arrangeChildren, setText } from "../../lib/elements.js";
import { counted } from "../../lib/format.js";
import { Previews } from "./previews.js";
import { Tile } from "./tile.js";

export class Wall {
  #list;
  #text;
  #tiles = new Map(); // id of the source: tile
  #inView = new Set();
  #isVisible = true; // the page
  #previews = new Previews();
  #colours = pageColours();
  #observer = new IntersectionObserver((entries) => this.#onIntersection(entries), { rootMargin: "80px" });

  /** @param {HTMLElement} list of the tiles @param {HTMLElement} text above it */
  constructor(list, text) {
    this.#list = list;
    this.#text = text;
    onSchemeChange(() => {
      this.#colours = pageColours();
    });
  }

  /**
   * Show these sources in their order.
   * @param {object[]} sources none while the wall is hidden
   * @param {{ isMissing: boolean }} options the URL names a source that does not exist
   */
  show(sources, { isMissing }) {
    const ids = new Set(sources.map(({ id }) => id));
    for (const [id, tile] of this.#tiles) if (!ids.has(id)) this.#remove(id, tile);
    const elements = sources.map((source) => this.#updatedTile(source).element);
    arrangeChildren(this.#list, elements);
    const count = `${counted(sources.length, "source")}. Strips show the last ten minutes.`;
    setText(this.#text, isMissing ? "This source does not exist (any more)." : count);
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    for (const tile of this.#tiles.values()) this.#openOrClose(tile);
  }

  draw() {
    const now = serverNow();
    for (const tile of this.#inView) tile.draw(now, this.#colours);
  }

  #updatedTile(source) {
    if (!this.#tiles.has(source.id)) {
      const tile = new Tile(source, connection);
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
