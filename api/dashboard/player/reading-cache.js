// A recording's readings in full, fetched in parts around what is looked at, and kept for a while.

import { Problem } from "../app/http.js";
import { timelineOf } from "../app/recordings-api.js";
import { gapAt, Series } from "../lib/series.js";

const PART = 10; // s
const KEPT = 30; // parts
const AT_ONCE = 2; // requests
const AGAIN = 2000; // ms before a part that was not whole, or did not come, is asked for anew
const JOINED = 0.45; // s: between two readings no further apart, a face is drawn on its way
const NEAR = 0.25; // s between a frame and a lone reading that is drawn on it

export class Readings {
  revision = 0; // rises with each part that arrives
  #id;
  #rate;
  #parts = new Map(); // number: { readings, whole }; those that came last are at the end
  #asked = new Map(); // number: when it was asked for last, ms
  #wanted = []; // numbers of parts, the most wanted first
  #asking = 0;
  #underWay = true; // the job still runs, so that a part may grow
  #known = 0; // s up to which there are results
  #closed = false;

  // `rate` is readings a second, or "all".
  constructor(id, rate) {
    this.#id = id;
    this.#rate = rate === "all" ? 25 : rate;
  }

  close() {
    this.#closed = true;
    this.#wanted = [];
  }

  // ms between two readings of a face that still belong together.
  get gap() {
    return gapAt(this.#rate);
  }

  // How far the job is: parts beyond are not asked for, parts that may have grown are asked for anew.
  reach(known, underWay) {
    this.#known = known;
    this.#underWay = underWay;
  }

  // Asks for what lies between two moments (ms), instead of what was wanted before and has not been asked for.
  want(ranges) {
    const numbers = ranges.flatMap(({ started, ended }) => partsOf(started, ended));
    this.#wanted = [...new Set(numbers)].filter((number) => this.#isMissing(number));
    this.#work();
  }

  // Whether what was read at a moment (ms) is here.
  has(time) {
    return this.#parts.has(Math.floor(time / 1000 / PART));
  }

  // Each face's reading at a moment (ms): on the way between two that are close, else the nearest.
  at(time) {
    const seconds = time / 1000;
    const reach = Math.max(JOINED, this.#joined);
    const tracks = new Map();
    for (const number of partsOf(time - 1000 * reach, time + 1000 * reach)) {
      for (const reading of this.#parts.get(number)?.readings ?? []) {
        if (Math.abs(reading.media_time - seconds) > reach) continue;
        const around = tracks.get(reading.track) ?? { before: null, after: null };
        if (reading.media_time <= seconds) around.before = reading;
        else around.after ??= reading;
        tracks.set(reading.track, around);
      }
    }
    return [...tracks.values()].map((around) => this.#between(around, seconds)).filter(Boolean);
  }

  // Each face's readings in a view: { track: Series }, or null while they are not all here.
  seriesIn({ started, ended }) {
    const faces = new Map();
    for (const number of partsOf(started - this.gap, Math.min(ended + this.gap, this.#known * 1000))) {
      const part = this.#parts.get(number);
      if (!part) return null;
      for (const reading of part.readings) {
        if (!faces.has(reading.track)) faces.set(reading.track, new Series());
        faces.get(reading.track).add(reading.media_time * 1000, reading.smoothed, reading.label);
      }
    }
    return faces;
  }

  get #joined() {
    return Math.min(3, 1.6 / this.#rate);
  }

  #between({ before, after }, seconds) {
    const near = Math.max(NEAR, 0.6 / this.#rate);
    if (before && after && after.media_time - before.media_time <= Math.max(JOINED, this.#joined)) {
      return onTheWay(before, after, (seconds - before.media_time) / (after.media_time - before.media_time));
    }
    const alone = [before, after].filter(
      (reading) => reading && Math.abs(reading.media_time - seconds) <= near,
    );
    return alone.sort((a, b) => Math.abs(a.media_time - seconds) - Math.abs(b.media_time - seconds))[0];
  }

  #isMissing(number) {
    if (number < 0 || number * PART >= this.#known) return false;
    if (this.#parts.get(number)?.whole) return false;
    return performance.now() - (this.#asked.get(number) ?? -Infinity) > AGAIN;
  }

  #work() {
    while (this.#asking < AT_ONCE && this.#wanted.length > 0) this.#ask(this.#wanted.shift());
  }

  async #ask(number) {
    this.#asking += 1;
    this.#asked.set(number, performance.now());
    const growing = this.#underWay && this.#known < (number + 1) * PART;
    try {
      const { readings } = await timelineOf(this.#id, number * PART, (number + 1) * PART);
      this.#keep(number, { readings, whole: !growing });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // the server is away: the next look asks again
    }
    this.#asking -= 1;
    if (!this.#closed) this.#work();
  }

  #keep(number, part) {
    this.#parts.delete(number);
    this.#parts.set(number, part);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= KEPT) break;
      this.#parts.delete(oldest);
      this.#asked.delete(oldest);
    }
    this.revision += 1;
  }
}

function partsOf(started, ended) {
  const first = Math.max(0, Math.floor(started / 1000 / PART));
  const last = Math.floor(Math.max(0, ended - 1e-6) / 1000 / PART);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

// Box and points move evenly from one reading to the next; what was read is that of the earlier one.
function onTheWay(before, after, share) {
  const mix = (from, to) => from.map((value, index) => value + share * (to[index] - value));
  const points = Object.entries(before.keypoints).map(([name, point]) => [
    name,
    mix(point, after.keypoints[name]),
  ]);
  return { ...before, box: mix(before.box, after.box), keypoints: Object.fromEntries(points) };
}
