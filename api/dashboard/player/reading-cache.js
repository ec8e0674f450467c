// A recording's single readings, fetched in parts around what is shown, and cached for a while.

import { settled } from "../app/http.js";
import { fetchTimeline } from "../app/recordings-api.js";
import { maxGapAt, Series } from "../lib/series.js";

const PART = 10; // s
const MAX_PARTS = 30; // that are cached
const MAX_REQUESTS = 2; // at a time
const RETRY_PAUSE = 2000; // ms before a part that is incomplete, or did not come, is requested again
const MAX_BRIDGED = 0.45; // s between two readings that boxes are interpolated between; longer at low rates
const ROUNDING = 0.001; // s
const MAX_DISTANCE = 0.25; // s between a frame and a lone reading that is drawn on it; longer at low rates

export class ReadingCache {
  revision = 0; // rises with each part that comes
  #id;
  #maxBridged; // s
  #maxDistance; // s
  #parts = new Map(); // number: { readings, isComplete }, in the order in which they came
  #requestedAt = new Map(); // number: ms
  #queue = []; // numbers of the parts to request, the most urgent first
  #requests = 0;
  #isUnderWay = true; // the job runs, so that parts may grow
  #readUntil = 0; // s up to which there are results

  /** @param {string} id of the recording @param {number} rate readings a second */
  constructor(id, rate) {
    this.#id = id;
    this.maxGap = maxGapAt(rate); // ms between two readings of a face that belong together
    this.#maxBridged = Math.max(MAX_BRIDGED, Math.min(3, 1.6 / rate));
    this.#maxDistance = Math.max(MAX_DISTANCE, 0.6 / rate);
  }

  close() {
    this.#queue = [];
  }

  /** Set how far (s) the job is: later parts are not requested, and parts that have grown requested again. */
  setProgress(readUntil, isUnderWay) {
    this.#readUntil = readUntil;
    this.#isUnderWay = isUnderWay;
  }

  /** Request what these ranges (ms) lack, the most urgent first, in place of what waits to be requested. */
  load(ranges) {
    const numbers = ranges.flatMap(({ started, ended }) => partsIn(started, ended));
    this.#queue = [...new Set(numbers)].filter((number) => this.#isMissing(number));
    this.#requestNext();
  }

  /** Return true when the readings of a moment (ms) are cached. */
  has(time) {
    return this.#parts.has(Math.floor(time / 1000 / PART));
  }

  /**
   * Return each face's reading at a moment (ms): interpolated between close ones, else a near one. A face that is not
   * in the nearest frame with readings is not there, or the picture is another one now.
   */
  readingsAt(time) {
    const seconds = time / 1000;
    const neighbours = new Map(); // track: { before, after }
    let nearest = this.#maxDistance; // s
    for (const number of partsIn(time - 1000 * this.#maxBridged, time + 1000 * this.#maxBridged)) {
      for (const reading of this.#parts.get(number)?.readings ?? []) {
        if (Math.abs(reading.media_time - seconds) > this.#maxBridged) continue;
        nearest = Math.min(nearest, Math.abs(reading.media_time - seconds));
        const pair = neighbours.get(reading.track) ?? {};
        if (reading.media_time <= seconds) pair.before = reading;
        else pair.after ??= reading;
        neighbours.set(reading.track, pair);
      }
    }
    const limit = nearest + ROUNDING;
    return [...neighbours.values()].map((pair) => this.#between(pair, seconds, limit)).filter(Boolean);
  }

  /** Return a Map of each face's readings in a range (ms), by track; null while they are not all cached. */
  seriesIn({ started, ended }) {
    const faces = new Map();
    for (const number of partsIn(
      started - this.maxGap,
      Math.min(ended + this.maxGap, this.#readUntil * 1000),
    )) {
      const part = this.#parts.get(number);
      if (!part) return null;
      for (const { track, media_time: mediaTime, smoothed, label } of part.readings) {
        if (!faces.has(track)) faces.set(track, new Series());
        faces.get(track).add(mediaTime * 1000, smoothed, label);
      }
    }
    return faces;
  }

  #between({ before, after }, seconds, maxDistance) {
    if (before && after && after.media_time - before.media_time <= this.#maxBridged) {
      const share = (seconds - before.media_time) / (after.media_time - before.media_time);
      return interpolated(before, after, share);
    }
    const distance = (reading) => Math.abs(reading.media_time - seconds);
    const near = [before, after].filter((reading) => reading && distance(reading) <= maxDistance);
    return near.sort((a, b) => distance(a) - distance(b))[0];
  }

  #isMissing(number) {
    if (number < 0 || number * PART >= this.#readUntil) return false;
    if (this.#parts.get(number)?.isComplete) return false;
    return performance.now() - (this.#requestedAt.get(number) ?? -Infinity) > RETRY_PAUSE;
  }

  #requestNext() {
    while (this.#requests < MAX_REQUESTS && this.#queue.length > 0) this.#request(this.#queue.shift());
  }

  async #request(number) {
    this.#requests += 1;
    this.#requestedAt.set(number, performance.now());
    const isGrowing = this.#isUnderWay && this.#readUntil < (number + 1) * PART;
    const { answer } = await settled(fetchTimeline(this.#id, number * PART, (number + 1) * PART));
    // Without an answer, the next load() requests it again.
    if (answer) this.#store(number, { readings: answer.readings, isComplete: !isGrowing });
    this.#requests -= 1;
    this.#requestNext();
  }

  #store(number, part) {
    this.#parts.delete(number); // so that it comes last
    this.#parts.set(number, part);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= MAX_PARTS) break;
      this.#parts.delete(oldest);
      this.#requestedAt.delete(oldest);
    }
    this.revision += 1;
  }
}

// The numbers of the parts in which a range of ms lies.
function partsIn(started, ended) {
  const first = Math.max(0, Math.floor(started / 1000 / PART));
  const last = Math.floor(Math.max(0, ended - 1e-6) / 1000 / PART);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

// Moves box and keypoints evenly from one reading to the next; the rest is the earlier one's.
function interpolated(before, after, share) {
  const mix = (from, to) => from.map((value, index) => value + share * (to[index] - value));
  const keypoints = { ...before.keypoints };
  for (const name in keypoints) keypoints[name] = mix(keypoints[name], after.keypoints[name]);
  return { ...before, box: mix(before.box, after.box), keypoints };
}
