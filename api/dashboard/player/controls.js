// The controls beneath the video and the keys that do the same.

import { moment } from "../app/recording-status.js";
import { write } from "../lib/elements.js";

const STRIDE = 1000; // ms that an arrow key goes
const LEAP = 10_000; // ms with shift

export class Controls {
  #places; // elements: screen, play, back, ahead, time, speed, captions, sound, full, scrubber, video
  #film;
  #view;
  #captions;
  #rate; // readings a second
  #drawn = "";
  #stopped = new AbortController();

  constructor(places, { film, view, captions }, rate) {
    this.#places = places;
    this.#film = film;
    this.#view = view;
    this.#captions = captions;
    this.#rate = rate === "all" ? 25 : rate;
    const { signal } = this.#stopped;
    const listen = (element, act) => element.addEventListener("click", act, { signal });
    listen(places.play, () => film.toggle());
    listen(places.back, () => film.step(-1, this.#rate));
    listen(places.ahead, () => film.step(1, this.#rate));
    listen(places.captions, () => captions.toggle());
    listen(places.sound, () => {
      film.muted = !film.muted;
    });
    listen(places.full, () => this.#toggleFull());
    listen(places.stage, () => film.toggle());
    places.speed.addEventListener(
      "change",
      () => {
        film.rate = Number(places.speed.value);
      },
      { signal },
    );
    places.speed.value = "1";
    addEventListener("keydown", (event) => this.#hear(event), { signal });
    this.#listenToScrubber(signal);
  }

  close() {
    this.#stopped.abort();
    if (document.fullscreenElement) document.exitFullscreen();
  }

  // `known` is the moment (ms) up to which the recording has been read.
  draw(known) {
    const { time, duration, playing, muted, playable } = this.#film;
    const { showing, there } = this.#captions;
    const tenths = Math.floor(time / 100);
    const drawing = [
      tenths,
      duration,
      playing,
      muted,
      playable,
      showing,
      there,
      known,
      this.#view.started,
      this.#view.ended,
    ].join();
    this.#placeKnob(time, duration);
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    this.#sayState({ playing, muted, playable });
    write(this.#places.time, `${moment(time, 1)} / ${moment(duration)}`);
    const { scrubber } = this.#places;
    scrubber.style.setProperty("--known", String(Math.min(1, known / duration)));
    scrubber.style.setProperty("--from", String(this.#view.isWhole ? 0 : this.#view.started / duration));
    scrubber.style.setProperty("--to", String(this.#view.isWhole ? 0 : this.#view.ended / duration));
    scrubber.setAttribute("aria-valuemax", String(Math.round(duration / 1000)));
    scrubber.setAttribute("aria-valuenow", String(Math.round(time / 1000)));
    scrubber.setAttribute("aria-valuetext", `${moment(time, 1)} of ${moment(duration)}`);
  }

  #placeKnob(time, duration) {
    this.#places.scrubber.style.setProperty("--played", (duration > 0 ? time / duration : 0).toFixed(5));
  }

  #sayState({ playing, muted, playable }) {
    const { screen, play, sound, captions, full } = this.#places;
    screen.dataset.playing = String(playing);
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    sound.hidden = !playable;
    full.hidden = !playable || !document.fullscreenEnabled; // phones' browsers may have no such thing
    sound.setAttribute("aria-pressed", String(!muted));
    captions.hidden = !playable || !this.#captions.there;
    captions.setAttribute("aria-pressed", String(this.#captions.showing));
  }

  #toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.fullscreenEnabled) this.#places.screen.requestFullscreen().catch(() => {}); // the browser's to refuse
  }

  #listenToScrubber(signal) {
    const { scrubber } = this.#places;
    const seek = ({ clientX }) => {
      const { left, width } = scrubber.getBoundingClientRect();
      this.#film.seek(((clientX - left) / width) * this.#film.duration);
    };
    scrubber.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        scrubber.setPointerCapture(event.pointerId);
        seek(event);
      },
      { signal },
    );
    scrubber.addEventListener(
      "pointermove",
      (event) => {
        if (scrubber.hasPointerCapture(event.pointerId)) seek(event);
      },
      { signal },
    );
  }

  #hear(event) {
    if (
      event.target.closest("dialog, input, select, textarea") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    if (event.key === " " && event.target.closest("button, a, summary")) return; // it presses that
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #actOf({ key, shiftKey }) {
    const film = this.#film;
    const view = this.#view;
    const by = shiftKey ? LEAP : STRIDE;
    return {
      " ": () => film.toggle(),
      k: () => film.toggle(),
      ArrowLeft: () => film.seek(film.time - by),
      ArrowRight: () => film.seek(film.time + by),
      ",": () => film.step(-1, this.#rate),
      ".": () => film.step(1, this.#rate),
      Home: () => film.seek(0),
      End: () => film.seek(film.duration),
      "+": () => view.zoom(view.length / 2, film.time),
      "-": () => view.zoom(view.length * 2, film.time),
      c: () => this.#captions.toggle(),
      f: () => this.#toggleFull(),
      m: () => {
        film.muted = !film.muted;
      },
    }[key];
  }
}
