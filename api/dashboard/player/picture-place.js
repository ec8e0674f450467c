// Where a picture lies in its area, and how the browser's picture becomes the one that mien has read.

const QUARTER = /(90|270)$/; // turns that exchange width and height

/**
 * Return the shape of the picture as mien shows it.
 * @param {{ width: number, height: number }} frame as the browser shows it
 * @param {string} turn that the browser leaves out, as in REST
 * @param {number} stretch factor of the width, see stretchOf()
 */
export function shapeOf({ width, height }, turn, stretch = 1) {
  const [wide, high] = QUARTER.test(turn) ? [height, width] : [width, height];
  return { width: wide * stretch, height: high };
}

/** Return the factor that gives the browser's picture the shape of mien's: it does not know each pixel ratio. */
export function stretchOf(frame, turn, shown) {
  const { width, height } = shapeOf(frame, turn);
  const stretch = ((shown.width / shown.height) * height) / width;
  return Math.abs(stretch - 1) < 0.01 ? 1 : stretch; // sizes in pixels are rounded
}

/**
 * Return the place of a picture of a shape, as large as it fits in the middle of an area, in css px. A box of a
 * reading has its shares of width and height.
 */
export function placeOf(shape, area) {
  const scale = Math.min(area.width / shape.width, area.height / shape.height);
  const [width, height] = [shape.width * scale, shape.height * scale];
  return { left: (area.width - width) / 2, top: (area.height - height) / 2, width, height };
}

/** Return the style of an element in the middle of the area, whose content fills that place once it is turned. */
export function styleOf({ width, height }, turn) {
  const [wide, high] = QUARTER.test(turn) ? [height, width] : [width, height];
  const mirror = turn.startsWith("mirrored") ? " scaleX(-1)" : "";
  const degrees = Number(turn.replace(/^mirrored-?/, "")) || 0;
  const transform = `translate(-50%, -50%) rotate(${degrees}deg)${mirror}`; // the last one comes first
  return { width: `${wide}px`, height: `${high}px`, transform };
}
