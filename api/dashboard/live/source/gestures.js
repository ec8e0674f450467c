// Pointer, touch, wheel and keys on the live timelines: reading values, moving through time, zooming.

import { ratioOn } from "../../lib/elements.js";

const KEY_STEP = 1 / 20; // share of the window that a key press moves the values by
const WHEEL_ZOOM = 0.003; // exponent of a css px
const DRAG_DISTANCE = 4; // css px from which a press is a drag
const MIN_SPREAD = 24; // css px between two fingers that zoom

/**
 * Listen on an element and its canvases until `signal` aborts.
 * @param {object} on callbacks: point(canvas, ratio), pointByKey(canvas, change), leave(), pan(share of the
 *   window), zoom(factor, ratio); ratios are shares of the width
 */
export function listen(element, on, signal) {
  const pressed = new Map(); // id of the pointer: { x, startX }
  let isDragging = false;
  const add = (type, listener, options) => element.addEventListener(type, listener, { signal, ...options });

  add("pointerdown", ({ button, target, pointerId, pointerType, clientX: x }) => {
    if (button !== 0 || !target.matches("canvas")) return;
    pressed.set(pointerId, { x, startX: x });
    isDragging = pressed.size > 1;
    if (pointerType === "mouse") element.setPointerCapture(pointerId); // it may be released anywhere
  });
  add("pointermove", ({ target, pointerId, clientX: x }) => {
    const canvas = target.closest("canvas");
    const pointer = pressed.get(pointerId);
    if (!pointer) {
      if (canvas && pressed.size === 0) on.point(canvas, ratioOn(canvas, x));
      return;
    }
    if (!isDragging && Math.abs(x - pointer.startX) < DRAG_DISTANCE) return;
    if (!isDragging) element.setPointerCapture(pointerId);
    isDragging = true;
    const before = positions();
    pointer.x = x;
    drag(before, positions());
  });
  const release = ({ target, type, pointerId, pointerType }) => {
    const pointer = pressed.get(pointerId);
    if (!pressed.delete(pointerId)) return;
    const isTap = !isDragging && type === "pointerup" && pointerType !== "mouse";
    if (isTap) on.point(target, ratioOn(target, pointer.x));
    if (pressed.size === 0) isDragging = false;
  };
  add("pointerup", release);
  add("pointercancel", release);
  add("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") on.leave();
  });
  add("focusout", on.leave);
  add("wheel", onWheel, { passive: false });
  add("keydown", onKey);

  const positions = () => [...pressed.values()].map(({ x }) => x);

  // One finger moves; two move and zoom.
  function drag(before, after) {
    const plot = element.querySelector("canvas");
    const middle = (all) => all.reduce((sum, x) => sum + x, 0) / all.length;
    on.leave();
    on.pan((middle(before) - middle(after)) / plot.clientWidth);
    if (after.length !== 2) return;
    const [from, to] = [before, after].map(([one, other]) => Math.max(MIN_SPREAD, Math.abs(one - other)));
    on.zoom(from / to, ratioOn(plot, middle(after)));
  }

  // Zooms with Ctrl, which a pinch on a touchpad sends too; moves sideways; else the page scrolls.
  function onWheel(event) {
    const canvas = event.target.closest("canvas");
    if (!canvas) return;
    const { deltaX, deltaY, shiftKey, clientX } = event;
    const sideways = shiftKey ? deltaX + deltaY : deltaX;
    if (event.ctrlKey || event.metaKey) on.zoom(Math.exp(deltaY * WHEEL_ZOOM), ratioOn(canvas, clientX));
    else if (Math.abs(sideways) > Math.abs(shiftKey ? 0 : deltaY)) on.pan(sideways / canvas.clientWidth);
    else return;
    event.preventDefault();
  }

  function onKey(event) {
    if (!event.target.matches("canvas")) return;
    if (event.key === "Escape") on.leave();
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction === undefined || event.shiftKey) return;
    event.preventDefault();
    on.pointByKey(event.target, direction * KEY_STEP);
  }
}
