// A canvas that knows its size in css px and draws at the screen's own resolution.

const FONT = "11px system-ui, sans-serif";

const sizes = new WeakMap(); // canvas: { width, height } in css px, until it is resized
const resizes = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.delete(target);
});

export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    resizes.observe(canvas);
  }

  get scale() {
    return window.devicePixelRatio || 1;
  }

  // { width, height } in css px; 0 while it is not shown. Asks the page's layout only after a change.
  get size() {
    const { canvas } = this;
    if (!sizes.has(canvas)) sizes.set(canvas, { width: canvas.clientWidth, height: canvas.clientHeight });
    return sizes.get(canvas);
  }

  // Clears it and returns its size.
  begin() {
    const { width, height } = this.fit();
    this.context.clearRect(0, 0, width, height);
    return { width, height };
  }

  // Gives the canvas the resolution that it is shown in, which clears it if that changed.
  fit() {
    const { width, height } = this.size;
    const [wide, high] = [Math.round(width * this.scale), Math.round(height * this.scale)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
    }
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.context.font = FONT;
    return { width, height };
  }
}
