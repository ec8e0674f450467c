// Pointer, fingers, wheel and keys on the timelines: pointing at a moment, moving through time, zooming.

const STEPS = 20; // how many key presses cross the window
const WHEEL = 0.003; // how much of a zoom a css px of the wheel is
const DRAGGED = 4; // css px from which a press is a drag

// Listens on `place` and its canvases until `signal`. Calls back on:
// point(canvas, ratio of the width, by: "pointer" or "key"), leave(), pan(share of the window), zoom(factor, ratio of the width).
export function listen(place, on, signal) {
  const pressed = new Map(); // pointer: { x, from }
  let dragging = false;
  const heard = (type, listener, options) => place.addEventListener(type, listener, { signal, ...options });

  heard("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.matches("canvas")) return;
    pressed.set(event.pointerId, { x: event.clientX, from: event.clientX });
    dragging = pressed.size > 1;
    if (event.pointerType === "mouse") place.setPointerCapture(event.pointerId); // it may be let go of anywhere
  });
  heard("pointermove", (event) => {
    const canvas = event.target.closest("canvas");
    const one = pressed.get(event.pointerId);
    if (!one) {
      if (canvas && pressed.size === 0) on.point(canvas, ratioOn(canvas, event.clientX), "pointer");
      return;
    }
    if (!dragging && Math.abs(event.clientX - one.from) < DRAGGED) return;
    if (!dragging) place.setPointerCapture(event.pointerId);
    dragging = true;
    const plot = place.querySelector("canvas");
    const before = [...pressed.values()].map(({ x }) => x);
    one.x = event.clientX;
    move(
      [...pressed.values()].map(({ x }) => x),
      before,
      plot,
    );
  });
  const release = (event) => {
    const one = pressed.get(event.pointerId);
    if (!pressed.delete(event.pointerId)) return;
    const tapped = !dragging && event.type === "pointerup" && event.pointerType !== "mouse";
    if (tapped) on.point(event.target, ratioOn(event.target, one.x), "pointer");
    if (pressed.size === 0) dragging = false;
  };
  heard("pointerup", release);
  heard("pointercancel", release);
  heard("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") on.leave();
  });
  heard("focusout", on.leave);
  heard("wheel", wheel, { passive: false });
  heard("keydown", press);

  // One finger moves; two move and zoom.
  function move(now, before, plot) {
    const middle = (all) => all.reduce((sum, x) => sum + x, 0) / all.length;
    on.leave();
    on.pan((middle(before) - middle(now)) / plot.clientWidth);
    if (now.length !== 2) return;
    const [wide, was] = [now, before].map(([one, other]) => Math.max(24, Math.abs(one - other)));
    on.zoom(was / wide, ratioOn(plot, middle(now)));
  }

  // With Ctrl (so does a pinch on a touchpad) it zooms, sideways it moves; else the page scrolls.
  function wheel(event) {
    const canvas = event.target.closest("canvas");
    if (!canvas) return;
    const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey)
      on.zoom(Math.exp(event.deltaY * WHEEL), ratioOn(canvas, event.clientX));
    else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
      on.pan(sideways / canvas.clientWidth);
    else return;
    event.preventDefault();
  }

  function press(event) {
    if (!event.target.matches("canvas")) return;
    if (event.key === "Escape") on.leave();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || event.shiftKey) return;
    event.preventDefault();
    on.point(event.target, step / STEPS, "key");
  }
}

function ratioOn(canvas, x) {
  const { left, width } = canvas.getBoundingClientRect();
  return Math.min(1, Math.max(0, (x - left) / width));
}
