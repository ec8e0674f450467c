// The open source: its picture, the faces in view, and its timelines. Made when it is opened, closed with it.

import { serverNow } from "../../app/server-clock.js";
import { connection } from "../../app/shell.js";
import { outageOf, statusOf } from "../../app/source-status.js";
import { byId, isPageVisible, setText, showText } from "../../lib/elements.js";
import { showFacesInView } from "../../lib/faces-in-view.js";
import { loadOverview } from "../overview.js";
import { Subscription } from "../subscription.js";
import { History } from "./history.js";
import { LivePicture } from "./live-picture.js";
import { Timelines } from "./timelines.js";

const READINGS = "-60s"; // sent as single readings; the overview has what was before
const OVERVIEW = "-1h";
const TEXT_INTERVAL = 250; // ms between changes of texts

export class SourceView {
  #source;
  #window;
  #history;
  #timelines;
  #picture;
  #subscription;
  #isDisconnected = false;
  #isClosed = false;
  #textAt = 0; // ms
  #announced = ""; // state

  /** @param {object} source as the API sends it @param on removed(), pan(share), zoom(factor, ratio) */
  constructor(source, timeWindow, on) {
    this.#source = source;
    this.#window = timeWindow;
    this.#history = new History(source.rate);
    this.#timelines = new Timelines(this.#history, source.rate, on);
    this.#picture = new LivePicture(source, this.#history);
    this.#subscription = new Subscription(source.id, READINGS, {
      message: (message) => this.#history.add(message),
      // Not when drawing, as nothing is drawn while the page is hidden.
      heartbeat: () => this.#history.dropOld(serverNow(), this.#window.ended),
      missed: () => {
        this.#history.restart();
        this.#loadPast();
      },
      connected: () => this.#onConnected(),
      lost: (problem) => this.#onLost(problem),
      removed: on.removed,
    });
    byId("faces-in-view").replaceChildren();
    this.#loadPast();
  }

  close() {
    this.#isClosed = true;
    this.#subscription.close();
    this.#picture.close();
    this.#timelines.close();
  }

  update(source) {
    this.#source = source;
  }

  /** Receive frames only while the page is visible: they cost the server something. */
  setVisible(isVisible) {
    if (isVisible) this.#picture.resume();
    else this.#picture.pause();
  }

  draw() {
    const now = serverNow();
    const faces = [...this.#history.faces.values()].filter((face) => face.isInView(now));
    const outage = outageOf(this.#source, now);
    const status = statusOf(this.#source, now, faces.length > 0 ? this.#history.lag : 0);
    this.#picture.draw(status, { isLive: this.#source.state === "live" });
    this.#timelines.draw(this.#window, now, { outage, status: status.text });
    if (now - this.#textAt < TEXT_INTERVAL && now >= this.#textAt) return;
    this.#textAt = now;
    this.#showTexts(faces, outage, status);
  }

  #showTexts(faces, outage, { tone, text }) {
    const readings = faces.map(({ newest }) => newest);
    showFacesInView(readings, (track) => this.#timelines.hasHiddenRow(track));
    const nobody = outage ? "No signal: who is in view is not known." : "Nobody right now.";
    showText(byId("nobody"), faces.length > 0 ? "" : nobody);
    setText(byId("source-name"), this.#source.name);
    setText(byId("source-state"), text);
    byId("source-state").dataset.tone = tone;
    this.#announce(text);
  }

  // Read out by screen readers, only when the state changes: its figures change all the time.
  #announce(text) {
    const { state, name } = this.#source;
    if (this.#announced && this.#announced !== state) setText(byId("announcement"), `${name}: ${text}`);
    this.#announced = state;
  }

  #onLost(problem) {
    this.#isDisconnected = true;
    connection.lost(problem);
  }

  // The picture's connection broke with this one, perhaps unnoticed.
  #onConnected() {
    if (this.#isDisconnected && isPageVisible()) this.#picture.reconnect();
    this.#isDisconnected = false;
    connection.restored();
  }

  async #loadPast() {
    const overview = await loadOverview(this.#source.id, OVERVIEW, () => this.#isClosed);
    if (overview) this.#history.addOverview(overview);
  }
}
