// The chosen source: its picture, who is in view, its timelines. Made when it is chosen, closed with it.

import { Problem } from "../../app/http.js";
import { hearTime, overviewOf, serverNow } from "../../app/sources-api.js";
import { write } from "../../lib/elements.js";
import { showFaces } from "../../lib/faces-in-view.js";
import { stateOf, troubleOf } from "../../lib/format.js";
import { Follower } from "../subscription.js";
import { History } from "./history.js";
import { Picture } from "./live-picture.js";
import { Rows } from "./timelines.js";

const FIRST = "-60s"; // history that comes whole; the overview tells what was before
const BEFORE = "-1h";
const AGAIN = 2000; // ms before an overview that did not come is asked for anew
const CALM = 250; // ms between changes of who is in view

export class Stage {
  #source;
  #places;
  #view;
  #history;
  #follower;
  #picture;
  #rows;
  #on;
  #isLost = false; // the messages do not come
  #closed = false;
  #shown = 0; // ms
  #said = ""; // state

  // `on` has lost(problem), answered(), removed(), and pan() and zoom() as for Rows.
  constructor(source, view, places, on) {
    this.#source = source;
    this.#on = on;
    this.#view = view;
    this.#places = places;
    this.#history = new History(source.rate);
    this.#rows = new Rows(this.#history, places, source.rate, on);
    this.#picture = new Picture(source, this.#history, places.picture, places.pictureWords);
    this.#follower = new Follower(source.id, FIRST, {
      message: (message) => this.#take(message),
      missed: () => this.#goOn(),
      connected: () => this.#answered(),
      lost: (problem) => this.#lost(problem),
      removed: on.removed,
    });
    places.now.replaceChildren();
    this.#lookBack();
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

  draw() {
    const now = serverNow();
    const faces = [...this.#history.faces.values()].filter((face) => face.isInView(now));
    const stands = stateOf(this.#source, now, faces.length > 0 ? this.#history.lag : 0);
    this.#picture.draw(stands, { isLive: this.#source.state === "live" });
    this.#rows.draw(this.#view, now, { trouble: troubleOf(this.#source, now), stands: stands.words });
    if (now - this.#shown < CALM && now >= this.#shown) return;
    this.#shown = now;
    showFaces(
      this.#places,
      faces.map(({ newest }) => newest),
      (track) => this.#rows.hides(track),
    );
    write(this.#places.name, this.#source.name);
    write(this.#places.state, stands.words);
    this.#places.state.dataset.tone = stands.tone;
    this.#say(stands.words);
  }

  // Aloud, and only when the state itself changes: its figures do all the time.
  #say(words) {
    const { state, name } = this.#source;
    if (this.#said && this.#said !== state) write(this.#places.said, `${name}: ${words}`);
    this.#said = state;
  }

  #take(message) {
    if (message.type === "heartbeat") {
      hearTime(message.at);
      this.#history.forget(serverNow(), this.#view.ended); // here, as nothing is drawn while the page is hidden
    } else if (message.type !== "error") {
      this.#history.add(message);
    }
  }

  #lost(problem) {
    this.#isLost = true;
    this.#on.lost(problem);
  }

  // Whatever cut off the messages has cut off the pictures too, though their connection may not have noticed.
  #answered() {
    if (this.#isLost && document.visibilityState === "visible") this.#picture.reopen();
    this.#isLost = false;
    this.#on.answered();
  }

  #goOn() {
    this.#history.beginAnew();
    this.#lookBack();
  }

  // Asks for the past hour until it comes.
  async #lookBack() {
    try {
      const overview = await overviewOf(this.#source.id, BEFORE);
      if (!this.#closed) this.#history.takeOverview(overview);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!this.#closed && problem.status !== 404) setTimeout(() => this.#lookBack(), AGAIN);
    }
  }
}
