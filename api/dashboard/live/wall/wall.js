// All sources as tiles. Those in view are followed and get pictures; the others cost nothing.

import { connection } from "../../app/shell.js";
import { serverNow } from "../../app/sources-api.js";
import { write } from "../../lib/elements.js";
import { pageColours } from "../../lib/labels.js";
import { Previews } from "./previews.js";
import { Tile } from "./tile.js";

export class Wall {
  #list;
  #words;
  #tiles = new Map(); // id: tile
  #inView = new Set();
  #seen = true; // the page is not hidden
  #previews = new Previews();
  #colours = pageColours();
  #observer = new IntersectionObserver((entries) => this.#notice(entries), { rootMargin: "80px" });

  constructor(list, words) {
    this.#list = list;
    this.#words = words;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => {
      this.#colours = pageColours();
    });
  }

  // Shows these sources in their order; none when the wall is not looked at.
  // `lacks`: whether the address asks for a source that is not among them.
  show(sources, { lacks }) {
    for (const [id, tile] of this.#tiles) {
      if (!sources.some((source) => source.id === id)) this.#remove(id, tile);
    }
    sources.forEach((source, place) => this.#place(source, place));
    write(this.#words, lacks ? "The source that was asked for is not there, or no longer." : sayAll(sources));
  }

  see(seen) {
    this.#seen = seen;
    for (const tile of this.#tiles.values()) this.#attend(tile);
  }

  draw() {
    const now = serverNow();
    for (const tile of this.#inView) tile.draw(now, this.#colours);
  }

  #place(source, place) {
    if (!this.#tiles.has(source.id)) {
      const tile = new Tile(source, { ...connection, removed: () => {} }); // the list tells it as well
      this.#tiles.set(source.id, tile);
      this.#observer.observe(tile.element);
    }
    const tile = this.#tiles.get(source.id);
    tile.update(source);
    const { children } = this.#list;
    if (children[place] !== tile.element) this.#list.insertBefore(tile.element, children[place] ?? null);
  }

  #remove(id, tile) {
    this.#tiles.delete(id);
    this.#inView.delete(tile);
    this.#observer.unobserve(tile.element);
    this.#attend(tile);
    tile.element.remove();
  }

  #notice(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = [...this.#tiles.values()].find(({ element }) => element === target);
      if (!tile) continue;
      if (isIntersecting) this.#inView.add(tile);
      else this.#inView.delete(tile);
      this.#attend(tile);
    }
  }

  #attend(tile) {
    if (this.#seen && this.#inView.has(tile)) {
      tile.open();
      this.#previews.add(tile);
    } else {
      tile.shut();
      this.#previews.remove(tile);
    }
  }
}

function sayAll(sources) {
  const count = `${sources.length} ${sources.length === 1 ? "source" : "sources"}`;
  return `${count}. Strips show the last ten minutes.`;
}
