// A canvas that draws in css px at the screen's own resolution.

const FONT = "11px system-ui, sans-serif";

const sizes = new WeakMap(); // canvas: { width, height } in css px, until it is resized
const resizes = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.delete(target);
});

export class Surface {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    resizes.observe(canvas);
  }

  /** Device pixels of a css px. */
  get scale() {
    return window.devicePixelRatio || 1;
  }

  /** { width, height } in css px; 0 while hidden. Cached, because reading it can force a layout. */
  get size() {
    const { canvas } = this;
    if (!sizes.has(canvas)) sizes.set(canvas, { width: canvas.clientWidth, height: canvas.clientHeight });
    return sizes.get(canvas);
  }

  /** Clear the canvas; return its size. */
  begin() {
    const { width, height } = this.fit();
    this.context.clearRect(0, 0, width, height);
    return { width, height };
  }

  /** Match the canvas to its size on the screen, which clears it after a change; return the size. */
  fit() {
    const { canvas, context, scale, size } = this;
    const [width, height] = [Math.round(size.width * scale), Math.round(size.height * scale)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = FONT;
    return { ...size };
  }
}
