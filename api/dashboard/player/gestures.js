// Pointer, touch and wheel on a recording's timelines: reading values, seeking, zooming and moving.

import { ratioOn } from "../lib/elements.js";

const DRAG_DISTANCE = 8; // css px from which a finger drags; one that moves up or down scrolls the page
const WHEEL_ZOOM = 1.003; // factor of a css px
const WHEEL_WIDTH = 800; // css px of the wheel that cross the window

/**
 * Listen on a canvas until `signal` aborts.
 * @param {object} on callbacks with ratios of its width: point(ratio), leave(), seek(ratio), zoom(factor,
 *   ratio), pan(share of the window)
 */
export function listen(canvas, on, signal) {
  let fingerX = null; // css px: where a finger came down that has not dragged yet
  const add = (type, listener, options) => canvas.addEventListener(type, listener, { signal, ...options });
  const ratioOf = ({ clientX }) => ratioOn(canvas, clientX);
  const startSeeking = (event) => {
    canvas.setPointerCapture(event.pointerId);
    on.seek(ratioOf(event));
  };

  add("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "mouse") startSeeking(event);
    else fingerX = event.clientX; // it may scroll the page: its next event decides
  });
  add("pointermove", (event) => {
    on.point(ratioOf(event));
    if (fingerX === null) {
      if (event.buttons > 0 && canvas.hasPointerCapture(event.pointerId)) on.seek(ratioOf(event));
    } else if (Math.abs(event.clientX - fingerX) > DRAG_DISTANCE) {
      fingerX = null;
      startSeeking(event);
    }
  });
  add("pointerup", (event) => {
    if (fingerX !== null) on.seek(ratioOf(event));
    fingerX = null;
  });
  add("pointercancel", () => {
    fingerX = null;
  });
  add("pointerleave", on.leave);
  add("wheel", onWheel, { passive: false });

  // Zooms with Ctrl, which a pinch on a touchpad sends too; moves sideways; else the page scrolls.
  function onWheel(event) {
    if (event.ctrlKey || event.metaKey) on.zoom(WHEEL_ZOOM ** event.deltaY, ratioOf(event));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) on.pan(event.deltaX / WHEEL_WIDTH);
    else return;
    event.preventDefault();
  }
}
