// The controls of the live timelines' window: its buttons, pause, keys, and gestures.

import { serverNow } from "../../app/server-clock.js";
import { byId, setText } from "../../lib/elements.js";
import { clock, duration } from "../../lib/format.js";
import { LENGTHS } from "./time-window.js";

const STEP = 0.25; // share of the window that a key moves
const ZOOM = 1.5; // factor of a key
const buttons = [...document.querySelectorAll("[data-window]")];
const lengthOf = (button) => Number(button.dataset.window) * 1000;

/**
 * Let the buttons control a window; return its other controls: onKey(event), followLive(), and for gestures
 * pan(share) and zoom(factor, ratio).
 * @param {import("./time-window.js").TimeWindow} timeWindow
 */
export function controlsOf(timeWindow) {
  const change = (action) => {
    action(serverNow());
    show(timeWindow);
  };
  const followLive = () => change(() => timeWindow.resume());
  const togglePause = () => change((now) => timeWindow.togglePause(now));
  const zoom = (factor, ratio) => change((now) => timeWindow.zoom(factor, ratio, now));
  const pan = (share) => change((now) => timeWindow.pan(share * timeWindow.length, now));
  const setLength = (length) => zoom(length / timeWindow.length, 1);

  function actionOf({ key, shiftKey, target }) {
    if (key === "p" || (key === " " && !target.closest("button, a, summary"))) return togglePause;
    if (key === "+" || key === "=") return () => zoom(1 / ZOOM, 0.5);
    if (key === "-") return () => zoom(ZOOM, 0.5);
    if (key === "End") return followLive;
    if (shiftKey && key === "ArrowLeft") return () => pan(-STEP);
    if (shiftKey && key === "ArrowRight") return () => pan(STEP);
    const length = LENGTHS[Number(key) - 1];
    return length && (() => setLength(length));
  }

  function onKey(event) {
    const { target, ctrlKey, metaKey, altKey } = event;
    if (target.closest("dialog, input, select") || ctrlKey || metaKey || altKey) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  byId("pause").addEventListener("click", togglePause);
  for (const button of buttons) button.addEventListener("click", () => setLength(lengthOf(button)));
  return { onKey, followLive, pan, zoom };
}

function show({ length, ended, isPaused }) {
  for (const button of buttons) button.ariaPressed = String(lengthOf(button) === length);
  byId("pause").ariaPressed = String(isPaused);
  setText(byId("pause"), isPaused ? "Resume" : "Pause");
  const parts = [LENGTHS.includes(length) ? "" : duration(length), isPaused && `Paused at ${clock(ended)}`];
  setText(byId("window-status"), parts.filter(Boolean).join(" · "));
}
