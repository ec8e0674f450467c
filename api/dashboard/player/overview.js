// A recording's whole timeline, second by second: each face's means and labels, and the coverage.

import { LABELS } from "../lib/labels.js";
import { Series } from "../lib/series.js";

const STEP = 1000; // ms: the API makes a value of each second
const EMPTY = ["no_face", "disconnected"]; // kinds of coverage in which no face can be

export class Overview {
  faces = new Map(); // track: Seconds; times are ms of the video
  coverage = []; // { started, ended (ms), kind, frames }, in order
  revision = 0; // rises with each document that says something new

  // Takes a document of the API; while a job runs each says more than the last.
  take({ tracks, coverage }) {
    for (const { track, times, values, labels } of tracks) {
      if (!this.faces.has(track)) this.faces.set(track, new Seconds());
      const series = this.faces.get(track);
      for (
        let index = series.length === 0 ? 0 : firstAfter(times, series.last);
        index < times.length;
        index += 1
      ) {
        series.append(
          times[index],
          values[index].map((value) => value / 100),
          labels[index],
        );
      }
    }
    this.coverage = coverage.map(({ kind, started, ended, frames }) => ({
      kind,
      frames,
      started: started * 1000,
      ended: ended * 1000,
    }));
    this.revision += 1;
  }

  // The moment (ms) up to which it is known.
  get until() {
    const seen = [...this.faces.values()].map((series) => series.last + STEP);
    return Math.max(0, this.coverage.at(-1)?.ended ?? 0, ...seen);
  }

  // ms between two seconds of a face that still belong together; `gap` is that of its readings.
  gap(gap) {
    return Math.max(gap, 2.5 * STEP);
  }

  // From when to when (ms) a face is there. It may have been there for a part of its first and last second.
  range(track) {
    const { first, last } = this.faces.get(track);
    const ended = Math.min(last + STEP, this.coverage.at(-1)?.ended ?? Infinity);
    return { started: this.#emptyAt(first)?.ended ?? first, ended: this.#emptyAt(ended)?.started ?? ended };
  }

  // The stretch without any face in which a moment lies, if there is one.
  #emptyAt(time) {
    return this.coverage.find(
      ({ kind, started, ended }) => EMPTY.includes(kind) && started <= time && time <= ended,
    );
  }

  // Seconds of each label of a face: { label: share of its seconds, unsure: ... }.
  shares(track) {
    const series = this.faces.get(track);
    const shares = {};
    for (let index = 0; index < series.length; index += 1) {
      const name = LABELS[series.label(index)] ?? "unsure";
      shares[name] = (shares[name] ?? 0) + 1 / series.length;
    }
    return shares;
  }
}

// A face's seconds; the last of a stretch goes on to its end.
class Seconds extends Series {
  holds() {
    return STEP;
  }
}

// The first index whose time is after `time`.
function firstAfter(times, time) {
  const index = times.findLastIndex((known) => known <= time);
  return index + 1;
}
