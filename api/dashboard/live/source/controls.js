// What moves the window of the live timelines: its buttons, pause, keys, and gestures.

import { serverNow } from "../../app/server-clock.js";
import { byId, setText } from "../../lib/elements.js";
import { clock, duration } from "../../lib/format.js";
import { LENGTHS } from "./time-window.js";

const STEP = 0.25; // share of the window that a key moves
const ZOOM = 1.5; // factor of a key

export class Controls {
  #window;
  #buttons = [...document.querySelectorAll("[data-window]")];

  /** @param {import("./time-window.js").TimeWindow} timeWindow */
  constructor(timeWindow) {
    this.#window = timeWindow;
    byId("pause").addEventListener("click", () => this.#togglePause());
    for (const button of this.#buttons) {
      button.addEventListener("click", () => this.#setLength(lengthOf(button)));
    }
  }

  /** Callbacks for gestures on the timelines. */
  get gestures() {
    return {
      pan: (share) => this.#pan(share),
      zoom: (factor, ratio) => this.#zoom(factor, ratio),
    };
  }

  /** Return to the present. */
  followLive() {
    this.#window.resume();
    this.#show();
  }

  onKey(event) {
    if (event.target.closest("dialog, input, select") || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const action = this.#actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #actionOf({ key, shiftKey, target }) {
    if (key === "p" || (key === " " && !target.closest("button, a, summary")))
      return () => this.#togglePause();
    if (key === "+" || key === "=") return () => this.#zoom(1 / ZOOM, 0.5);
    if (key === "-") return () => this.#zoom(ZOOM, 0.5);
    if (key === "End") return () => this.followLive();
    if (shiftKey && key === "ArrowLeft") return () => this.#pan(-STEP);
    if (shiftKey && key === "ArrowRight") return () => this.#pan(STEP);
    const length = LENGTHS[Number(key) - 1];
    return length && (() => this.#setLength(length));
  }

  #togglePause() {
    if (this.#window.isPaused) this.#window.resume();
    else this.#window.pause(serverNow());
    this.#show();
  }

  #setLength(length) {
    this.#zoom(length / this.#window.length, 1);
  }

  #zoom(factor, ratio) {
    this.#window.zoom(factor, ratio, serverNow());
    this.#show();
  }

  #pan(share) {
    this.#window.pan(share * this.#window.length, serverNow());
    this.#show();
  }

  #show() {
    const { length, ended, isPaused } = this.#window;
    for (const button of this.#buttons) button.ariaPressed = String(lengthOf(button) === length);
    byId("pause").ariaPressed = String(isPaused);
    setText(byId("pause"), isPaused ? "Resume" : "Pause");
    const parts = [LENGTHS.includes(length) ? "" : duration(length), isPaused && `Paused at ${clock(ended)}`];
    setText(byId("window-status"), parts.filter(Boolean).join(" · "));
  }
}

const lengthOf = (button) => Number(button.dataset.window) * 1000;
