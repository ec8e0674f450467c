// Times, shares and sizes as the page shows them.

const CLOCK_PARTS = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const CLOCK = new Intl.DateTimeFormat(undefined, CLOCK_PARTS);
const FINE_CLOCK = new Intl.DateTimeFormat(undefined, { ...CLOCK_PARTS, fractionalSecondDigits: 1 });
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];
const ABSTAINED = { small: "too small", blurred: "blurred", turned: "turned away", unsure: "unsure" };

export const COVERAGE_NAMES = {
  observed: "face read",
  no_face: "nobody in view",
  low_quality: "too small, blurred or turned",
  dropped: "frames dropped",
  decode_error: "damaged picture",
  disconnected: "no signal",
};

/** Local time of day, as in 12:03:07. @param {number} time ms since the epoch */
export const clock = (time) => CLOCK.format(time);

/** The same with tenths of a second. @param {number} time ms since the epoch */
export const fineClock = (time) => FINE_CLOCK.format(time);

/** A share in per cent, with a space at which no line breaks. @param {number} share 0..1 */
export function percent(share) {
  const value = share * 100;
  return `${value > 0 && value < 1 ? "under 1" : Math.round(value)}\u00a0%`;
}

/** A reading's label with its probability, or the reason why it has none. */
export function readingText({ label, smoothed, abstained }) {
  return label ? `${label} ${percent(smoothed[label])}` : (ABSTAINED[abstained] ?? "unsure");
}

/** A length of time: 0.4 s, 12 s or 3 min 5 s. @param {number} ms */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  if (ms < 9950) return `${Math.round(ms / 100) / 10} s`;
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
}

/** A moment of a video: 0:07, 1:02:03, or 0:07.4 with one digit. @param {number} ms @param {number} digits */
export function videoTime(ms, digits = 0) {
  const unit = 10 ** digits;
  const total = Math.floor((Math.max(0, ms) * unit) / 1000 + 1e-6);
  const [seconds, fraction] = [Math.floor(total / unit), total % unit];
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  const text = `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
  return digits ? `${text}.${String(fraction).padStart(digits, "0")}` : text;
}

/** A file's size, as in 3.4 MB. @param {number} count */
export function bytes(count) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return `${value < 9.95 && power > 0 ? value.toFixed(1) : Math.round(value)}\u00a0${UNITS[power]}`;
}

/** Time that is left: "a moment", 40 s, 3 min, 1 h 20 min. @param {number} seconds */
export function remaining(seconds) {
  if (seconds < 2) return "a moment";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** @param {number} factor of the video's own speed */
export const speedText = (factor) => `${factor < 9.95 ? factor.toFixed(1) : Math.round(factor)} × real time`;

/** A number of things: 1 face, 2 faces. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
