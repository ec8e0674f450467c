// The times of live readings, in ms.

const IN_VIEW = 2000; // without a reading, after which a face has left; longer at low rates

/** Return when a reading's frame was captured. @param {import("../lib/records.js").Reading} reading */
export const timeOf = ({ captured_at: captured, result_at: result }) => Date.parse(captured ?? result);

/** Return how much later than the frame the reading was there. */
export const lagOf = (reading) => Math.max(0, Date.parse(reading.result_at) - timeOf(reading));

/** Return true while the face of this reading is in view. @param {number} rate readings a second */
export const isCurrent = (reading, rate, now) =>
  now - timeOf(reading) < Math.max(IN_VIEW, 3000 / rate) + lagOf(reading);
