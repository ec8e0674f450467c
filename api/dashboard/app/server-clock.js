// The server's clock, by the times that its heartbeats carry.

const MAX_DRIFT = 1000; // ms; larger differences are corrected at once, smaller ones smoothly
const SMOOTHING = 0.1;

let offset = 0; // ms that the server's clock is ahead of the browser's

/** Return the server's time in ms. */
export const serverNow = () => Date.now() + offset;

/** @param {string} at RFC 3339 time of a heartbeat that has just come */
export function adjustClock(at) {
  const difference = Date.parse(at) - Date.now() - offset;
  offset += Math.abs(difference) > MAX_DRIFT ? difference : SMOOTHING * difference;
}
