// The controls below the video, and the keys that do the same.

import { byId, ratioOn, setText } from "../lib/elements.js";
import { videoTime } from "../lib/format.js";

const STEP = 1000; // ms that an arrow key moves
const LONG_STEP = 10_000; // ms with shift

const zoomButtons = [...byId("zoom").children];
const lengthOf = (button) => Number(button.dataset.length) * 1000; // NaN: the whole recording

export class Controls {
  #player;
  #window;
  #captions;
  #rate; // readings a second
  #scrubber = byId("scrubber");
  #drawn = "";
  #closing = new AbortController();

  /** @param {number} rate readings a second */
  constructor({ player, timeWindow, captions }, rate) {
    this.#player = player;
    this.#window = timeWindow;
    this.#captions = captions;
    this.#rate = rate;
    const { signal } = this.#closing;
    const onClick = (button, action) => button.addEventListener("click", action, { signal });
    onClick(byId("play"), () => player.toggle());
    onClick(byId("video-area"), () => player.toggle());
    onClick(byId("back"), () => player.step(-1, rate));
    onClick(byId("forward"), () => player.step(1, rate));
    onClick(byId("captions"), () => captions.toggle());
    onClick(byId("sound"), () => player.toggleSound());
    onClick(byId("fullscreen"), toggleFullscreen);
    for (const button of zoomButtons) {
      onClick(button, () => timeWindow.zoom(lengthOf(button) || timeWindow.duration, player.time));
    }
    const speed = byId("speed");
    speed.value = "1";
    speed.addEventListener("change", () => player.setSpeed(Number(speed.value)), { signal });
    addEventListener("keydown", (event) => this.#onKey(event), { signal });
    this.#listenToScrubber(signal);
  }

  close() {
    this.#closing.abort();
    if (document.fullscreenElement) document.exitFullscreen();
  }

  /** @param {number} readUntil ms up to which the recording has been read */
  draw(readUntil) {
    const { time, duration, isPlaying, isMuted, hasPicture } = this.#player;
    const { isShowing, isAvailable } = this.#captions;
    const { started, ended, isWhole } = this.#window;
    const tenths = Math.floor(time / 100);
    this.#scrubber.style.setProperty("--played", (duration > 0 ? time / duration : 0).toFixed(5));
    const state = [tenths, duration, isPlaying, isMuted, hasPicture, isShowing, isAvailable];
    const drawing = [...state, readUntil, started, ended, this.#window.duration].join();
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    this.#showButtons();
    this.#showZoom();
    setText(byId("time"), `${videoTime(time, 1)} / ${videoTime(duration)}`);
    const { style } = this.#scrubber;
    style.setProperty("--read", String(Math.min(1, readUntil / duration)));
    style.setProperty("--from", String(isWhole ? 0 : started / duration));
    style.setProperty("--to", String(isWhole ? 0 : ended / duration));
    this.#scrubber.ariaValueMax = String(Math.round(duration / 1000));
    this.#scrubber.ariaValueNow = String(Math.round(time / 1000));
    this.#scrubber.ariaValueText = `${videoTime(time, 1)} of ${videoTime(duration)}`;
  }

  #showButtons() {
    const { isPlaying, isMuted, hasPicture } = this.#player;
    const { isShowing, isAvailable } = this.#captions;
    byId("player").dataset.playing = String(isPlaying);
    byId("play").ariaLabel = isPlaying ? "Pause" : "Play";
    byId("sound").hidden = !hasPicture;
    byId("sound").ariaPressed = String(!isMuted);
    byId("fullscreen").hidden = !hasPicture || !document.fullscreenEnabled; // some phones' browsers have none
    byId("captions").hidden = !hasPicture || !isAvailable;
    byId("captions").ariaPressed = String(isShowing);
  }

  #showZoom() {
    const { length, duration, isWhole } = this.#window;
    for (const button of zoomButtons) {
      const zoomed = lengthOf(button);
      button.hidden = zoomed >= duration;
      button.ariaPressed = String(zoomed ? Math.abs(length - zoomed) < 1 : isWhole);
    }
    byId("zoom").hidden = zoomButtons.filter(({ hidden }) => !hidden).length < 2;
  }

  #listenToScrubber(signal) {
    const scrubber = this.#scrubber;
    const drag = ({ pointerId, clientX }) => {
      if (!scrubber.hasPointerCapture(pointerId)) return;
      this.#player.seek(ratioOn(scrubber, clientX) * this.#player.duration);
    };
    const press = (event) => {
      if (event.button === 0) scrubber.setPointerCapture(event.pointerId);
      drag(event);
    };
    scrubber.addEventListener("pointerdown", press, { signal });
    scrubber.addEventListener("pointermove", drag, { signal });
  }

  #onKey(event) {
    const { target, key, shiftKey, ctrlKey, metaKey, altKey } = event;
    if (target.closest("dialog, input, select, textarea") || ctrlKey || metaKey || altKey) return;
    if (key === " " && target.closest("button, a, summary")) return; // it presses that
    const action = this.#actionOf(key, shiftKey ? LONG_STEP : STEP);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #actionOf(key, step) {
    const player = this.#player;
    const timeWindow = this.#window;
    return {
      " ": () => player.toggle(),
      k: () => player.toggle(),
      ArrowLeft: () => player.seek(player.time - step),
      ArrowRight: () => player.seek(player.time + step),
      ",": () => player.step(-1, this.#rate),
      ".": () => player.step(1, this.#rate),
      Home: () => player.seek(0),
      End: () => player.seek(player.duration),
      "+": () => timeWindow.zoom(timeWindow.length / 2, player.time),
      "-": () => timeWindow.zoom(timeWindow.length * 2, player.time),
      c: () => this.#captions.toggle(),
      f: toggleFullscreen,
      m: () => player.toggleSound(),
    }[key];
  }
}

function toggleFullscreen() {
  const player = byId("player");
  if (document.fullscreenElement) document.exitFullscreen();
  else if (document.fullscreenEnabled) player.requestFullscreen().catch(() => {}); // it may be refused
}
