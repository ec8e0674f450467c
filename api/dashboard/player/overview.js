// A recording's whole timeline, second by second: each face's means and labels, and the coverage. In ms.

import { LABELS } from "../lib/labels.js";
import { SECOND, Series } from "../lib/series.js";

const WITHOUT_FACES = ["no_face", "disconnected"]; // kinds of coverage

export class Overview {
  faces = new Map(); // track: Seconds
  coverage = []; // segments, in order
  revision = 0; // rises with each document

  /** Add the API's overview, which grows while the job runs. */
  add({ tracks, coverage }) {
    for (const face of tracks) {
      if (!this.faces.has(face.track)) this.faces.set(face.track, new Seconds());
      this.faces.get(face.track).appendSeconds(face);
    }
    this.coverage = coverage.map((segment) => {
      const [started, ended] = [segment.started * 1000, segment.ended * 1000];
      return { kind: segment.kind, frames: segment.frames, started, ended };
    });
    this.revision += 1;
  }

  /** The moment up to which there are results. */
  get until() {
    const ends = [...this.faces.values()].map((series) => series.last + SECOND);
    return Math.max(0, this.coverage.at(-1)?.ended ?? 0, ...ends);
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
