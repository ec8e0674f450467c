// What moves the view: the window's buttons, pause, keys, and what gestures on the timelines ask for.

import { serverNow } from "../../app/sources-api.js";
import { write } from "../../lib/elements.js";
import { clock, duration } from "../../lib/format.js";
import { LENGTHS } from "./time-window.js";

const STEP = 0.25; // of the window that a key moves it by
const ZOOM = 1.5; // that a key zooms by

const find = (id) => document.getElementById(id);

export class Controls {
  #view;
  #buttons = [...document.querySelectorAll("[data-window]")];

  constructor(view) {
    this.#view = view;
    find("pause").addEventListener("click", () => this.#toggle());
    for (const button of this.#buttons) {
      button.addEventListener("click", () => this.#setLength(Number(button.dataset.window) * 1000));
    }
  }

  // What gestures call.
  get moves() {
    return {
      pan: (share) => this.#pan(share),
      zoom: (factor, ratio) => this.#zoom(factor, ratio),
    };
  }

  // Back to the present.
  follow() {
    this.#view.follow();
    this.#show();
  }

  press(event) {
    if (event.target.closest("dialog, input, select") || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #actOf({ key, shiftKey, target }) {
    if (key === "p" || (key === " " && !target.closest("button, a, summary"))) return () => this.#toggle();
    if (key === "+" || key === "=") return () => this.#zoom(1 / ZOOM, 0.5);
    if (key === "-") return () => this.#zoom(ZOOM, 0.5);
    if (key === "End") return () => this.follow();
    if (shiftKey && key === "ArrowLeft") return () => this.#pan(-STEP);
    if (shiftKey && key === "ArrowRight") return () => this.#pan(STEP);
    const length = LENGTHS[Number(key) - 1];
    return length && (() => this.#setLength(length));
  }

  #toggle() {
    if (this.#view.stands) this.#view.follow();
    else this.#view.stop(serverNow());
    this.#show();
  }

  #setLength(length) {
    this.#zoom(length / this.#view.length, 1);
  }

  #zoom(factor, ratio) {
    this.#view.zoom(factor, ratio, serverNow());
    this.#show();
  }

  #pan(share) {
    this.#view.pan(share * this.#view.length, serverNow());
    this.#show();
  }

  #show() {
    const { length, ended, stands } = this.#view;
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.window) * 1000 === length));
    }
    find("pause").setAttribute("aria-pressed", String(stands));
    write(find("pause"), stands ? "Go on" : "Pause");
    const window = LENGTHS.includes(length) ? "" : duration(length);
    write(find("standing"), [window, stands && `stands at ${clock(ended)}`].filter(Boolean).join(", "));
  }
}
