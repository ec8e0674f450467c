// Pointer, fingers and wheel on a recording's timelines: values are asked for, the video is moved, the view zoomed.

const DRAGGED = 8; // css px from which a finger drags; one that goes up or down scrolls the page
const WHEEL = 1.003; // by which a css px of the wheel zooms
const CROSSED = 800; // css px of the wheel that cross the view

// Listens on a canvas until `signal`. Calls back on, with ratios of its width: point(ratio), leave(), seek(ratio),
// zoom(factor, ratio), pan(share of the view).
export function listen(canvas, on, signal) {
  let finger = null; // where (css px) a finger came down that has not dragged yet
  const heard = (type, listener, options) => canvas.addEventListener(type, listener, { signal, ...options });
  const ratioOf = ({ clientX }) => {
    const { left, width } = canvas.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  };
  const take = (event) => {
    canvas.setPointerCapture(event.pointerId);
    on.seek(ratioOf(event));
  };

  heard("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "mouse") take(event);
    else finger = event.clientX; // it may scroll the page: where to is known when it has moved, or left
  });
  heard("pointermove", (event) => {
    on.point(ratioOf(event));
    if (finger === null) {
      if (event.buttons > 0 && canvas.hasPointerCapture(event.pointerId)) on.seek(ratioOf(event));
    } else if (Math.abs(event.clientX - finger) > DRAGGED) {
      finger = null;
      take(event);
    }
  });
  heard("pointerup", (event) => {
    if (finger !== null) on.seek(ratioOf(event));
    finger = null;
  });
  heard("pointercancel", () => {
    finger = null;
  });
  heard("pointerleave", () => on.leave());
  heard("wheel", wheel, { passive: false });

  // With Ctrl (so does a pinch on a touchpad) it zooms, sideways it moves; else the page scrolls.
  function wheel(event) {
    if (event.ctrlKey || event.metaKey) on.zoom(WHEEL ** event.deltaY, ratioOf(event));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) on.pan(event.deltaX / CROSSED);
    else return;
    event.preventDefault();
  }
}
