// The coverage of a live source, in order and without overlap. All times are ms.

import { maxGapAt } from "../lib/series.js";

export class CoverageTimeline {
  /** Segments that the engine reported; also with { mediaStarted, mediaEnded } in seconds of the stream. */
  segments = [];
  #open = []; // segments of readings whose coverage is not reported yet
  #maxGap;

  /** @param {number} rate readings a second */
  constructor(rate) {
    this.#maxGap = maxGapAt(rate);
  }

  /** Add the time of a reading, which counts as observed until its coverage is reported. */
  addReading(time) {
    const last = this.#open.at(-1);
    if (!last || time - last.ended > this.#maxGap) {
      this.#open.push({ kind: "observed", frames: 1, started: time, ended: time, isOpen: true });
    } else if (time > last.ended) Object.assign(last, { ended: time, frames: last.frames + 1 });
  }

  /** Add a coverage message, unless it was added before; return true when it is new. */
  add(message) {
    return Boolean(message.started_at && message.ended_at) && this.#add(segmentOf(message));
  }

  /** Add the overview's coverage, and after it the segments that are newer. */
  addOverview(messages) {
    const before = this.segments;
    this.segments = [];
    for (const message of messages) this.add(message);
    for (const segment of before) this.#add(segment);
  }

  dropBefore(time) {
    const first = this.segments.findIndex(({ ended }) => ended >= time);
    this.segments.splice(0, first === -1 ? this.segments.length : first);
    this.#open = this.#open.filter(({ ended }) => ended >= time);
  }

  /** Return all segments, with those not reported yet and the outage that is going on, if any. */
  withOpen(outage) {
    const all = [...this.segments, ...this.#open];
    const last = all.at(-1)?.ended ?? -Infinity;
    if (!outage || last >= outage.ended) return all;
    return [...all, { ...outage, started: Math.max(last, outage.started) }];
  }

  #add(segment) {
    const last = this.segments.at(-1);
    if (last && (segment.ended < last.ended || this.#isKnown(segment))) return false;
    // The wall clock of arrival jitters: where the stream has no gap, the timeline has none.
    const follows = last && segment.mediaStarted === last.mediaEnded;
    this.segments.push({ ...segment, started: follows ? last.ended : segment.started });
    this.#closeUntil(segment.ended);
    return true;
  }

  #closeUntil(time) {
    this.#open = this.#open.filter(({ ended }) => ended > time);
    const first = this.#open[0];
    if (!first || first.started >= time) return;
    first.frames *= (first.ended - time) / (first.ended - first.started);
    first.started = time;
  }

  #isKnown({ ended, kind }) {
    const index = this.segments.findLastIndex((other) => other.ended !== ended || other.kind === kind);
    return index >= 0 && this.segments[index].ended === ended;
  }
}

function segmentOf({ kind, frames, started_at: startedAt, ended_at: endedAt, ...media }) {
  const started = Date.parse(startedAt);
  const ended = Math.max(started, Date.parse(endedAt));
  return { kind, frames, started, ended, mediaStarted: media.started, mediaEnded: media.ended };
}
