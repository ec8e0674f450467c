// The chosen source: its picture, who is in view, its timelines. Made when it is chosen, closed with it.

import { write } from "./elements.js";
import { showFaces } from "./faces.js";
import { Follower } from "./follow.js";
import { History } from "./history.js";
import { Picture } from "./picture.js";
import { Rows } from "./rows.js";
import { hearTime, serverNow, timelinePage } from "./server.js";
import { stateOf } from "./words.js";

const CHUNK = 30_000; // ms of older history that are asked for at once
const OLDER = 600_000; // ms of history that arrive after the live messages have begun
const PAGE = 2000; // messages
const CALM = 250; // ms between changes of who is in view

export class Stage {
  #source;
  #places;
  #history = new History();
  #follower;
  #picture;
  #rows;
  #closed = false;
  #filling = false;
  #shown = 0; // ms
  #pausedAt = null; // ms

  // `on` has lost(), answered() and removed().
  constructor(source, places, on) {
    this.#source = source;
    this.#places = places;
    this.#rows = new Rows(this.#history, places, source.rate);
    this.#picture = new Picture(source.id, this.#history, places.picture, places.pictureWords);
    this.#follower = new Follower(source.id, {
      message: (message) => this.#take(message),
      connected: on.answered,
      lost: on.lost,
      removed: on.removed,
    });
    places.now.replaceChildren();
  }

  close() {
    this.#closed = true;
    this.#follower.close();
    this.#picture.close();
    this.#rows.close();
  }

  // The source as the list tells it; its state may have changed.
  update(source) {
    this.#source = source;
  }

  // Asks for pictures only while the page can be seen: making them costs the server something.
  see(visible) {
    if (visible) this.#picture.open();
    else this.#picture.shut();
  }

  // `view` is { length, pausedAt } in ms.
  draw(view) {
    const now = serverNow();
    const stands = stateOf(this.#source, now);
    this.#pausedAt = view.pausedAt;
    this.#picture.draw(stands);
    this.#rows.draw(view.pausedAt ?? now, view.length, now);
    this.#showNow(now);
    write(this.#places.name, this.#source.name);
    write(this.#places.state, stands.words);
    this.#places.state.dataset.tone = stands.tone;
  }

  #take(message) {
    if (message.type === "heartbeat") {
      hearTime(message.at);
      this.#history.forget(serverNow(), this.#pausedAt); // here, as nothing is drawn while the page is hidden
      if (!this.#filling) this.#fill();
    } else if (message.type !== "error") {
      this.#history.add(message);
    }
  }

  // Asks for what lies before the first live message, the newest part first.
  async #fill() {
    this.#filling = true;
    const first = this.#history.firstCursor;
    const begin = first ? Number(first.split("-")[0]) : Date.now();
    let before = first ?? `${begin}-0`;
    for (let from = begin - CHUNK; from >= begin - OLDER; from -= CHUNK) {
      const messages = [];
      let query = { from: new Date(from).toISOString(), before, limit: PAGE };
      let page;
      do {
        page = await timelinePage(this.#source.id, query).catch(() => null);
        if (page === null || this.#closed) return;
        messages.push(...page.messages);
        query = { after: page.next, before, limit: PAGE };
      } while (page.more);
      this.#history.addOlder(messages);
      before = `${from}-0`;
    }
  }

  #showNow(now) {
    if (now - this.#shown < CALM && now >= this.#shown) return;
    this.#shown = now;
    const faces = [...this.#history.faces.values()].filter((face) => face.isInView(now));
    showFaces(this.#places, faces.map(({ newest }) => newest));
  }
}
