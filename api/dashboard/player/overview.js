// A recording's whole timeline, second by second: each face's means and labels, and the coverage. In ms.

import { LABELS } from "../lib/labels.js";
import { Series } from "../lib/series.js";

const SECOND = 1000;
const MAX_SECONDS_GAP = 2500; // between two seconds of a face that belong together
const WITHOUT_FACES = ["no_face", "disconnected"]; // kinds of coverage

export class Overview {
  faces = new Map(); // track: Seconds
  coverage = []; // segments, in order
  revision = 0; // rises with each document

  /** Add the API's overview, which grows while the job runs. */
  add({ tracks, coverage }) {
    for (const { track, times, values, labels } of tracks) {
      if (!this.faces.has(track)) this.faces.set(track, new Seconds());
      const series = this.faces.get(track);
      const first = series.length === 0 ? 0 : times.findLastIndex((time) => time <= series.last) + 1;
      for (let index = first; index < times.length; index += 1) {
        const shares = values[index].map((value) => value / 100);
        series.append(times[index], shares, labels[index]);
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

  /** The moment up to which it is known. */
  get until() {
    const ends = [...this.faces.values()].map((series) => series.last + SECOND);
    return Math.max(0, this.coverage.at(-1)?.ended ?? 0, ...ends);
  }

  /** Return the longest gap between two seconds of a face, given that of its readings. */
  maxGap(readingsGap) {
    return Math.max(readingsGap, MAX_SECONDS_GAP);
  }

  /** Estimate each face's shares. @returns {import("./face-summary.js").FaceShares[]} */
  faceShares() {
    return [...this.faces].map(([track, series]) => ({
      track,
      shares: sharesOf(series),
      ...this.#range(series),
    }));
  }

  // A face may be there for a part of its first and last second: coverage without faces limits it.
  #range({ first, last }) {
    const ended = Math.min(last + SECOND, this.coverage.at(-1)?.ended ?? Infinity);
    return { started: this.#emptyAt(first)?.ended ?? first, ended: this.#emptyAt(ended)?.started ?? ended };
  }

  // The segment without faces at a time, if there is one.
  #emptyAt(time) {
    return this.coverage.find(
      ({ kind, started, ended }) => WITHOUT_FACES.includes(kind) && started <= time && time <= ended,
    );
  }
}

// A face's seconds; the last one of a segment holds until its end.
class Seconds extends Series {
  durationAt() {
    return SECOND;
  }
}

function sharesOf(series) {
  const shares = {};
  for (let index = 0; index < series.length; index += 1) {
    const name = LABELS[series.label(index)] ?? "unsure";
    shares[name] = (shares[name] ?? 0) + 1 / series.length;
  }
  return shares;
}
