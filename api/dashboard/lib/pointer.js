// Where a pointer is on a canvas.

/**
 * Return a pointer's place as a share (0..1) of an element's width.
 * @param {HTMLElement} element
 * @param {number} clientX css px
 */
export function ratioOn(element, clientX) {
  const { left, width } = element.getBoundingClientRect();
  return Math.min(1, Math.max(0, (clientX - left) / width));
}
