// The shares of each face: from the summary, or estimated from the overview until that is there.

import { request, settled } from "../app/http.js";
import { filePath } from "../app/recordings-api.js";

const RETRY_PAUSE = 2000; // ms
const SUMMARY = "summary.json";

/** @typedef {object} FaceShares { track, shares (0..1 by label, and `unsure`), started (ms), ended (ms) } */

export class FaceSummary {
  #overview;
  #onLoaded;
  #faces = null; // of the summary; null until it is loaded
  #nextAt = -Infinity; // ms: when it may be requested; Infinity during a request and after the last one

  /** @param {import("./overview.js").Overview} overview @param {() => void} onLoaded */
  constructor(overview, onLoaded) {
    this.#overview = overview;
    this.#onLoaded = onLoaded;
  }

  get isFinal() {
    return this.#faces !== null;
  }

  /** @returns {FaceShares[]} */
  get faces() {
    return this.#faces ?? this.#overview.faceShares();
  }

  /** Take the recording's newest state; load the summary once it is written. */
  update(recording) {
    const isWritten = recording.files.some(({ name }) => name === SUMMARY);
    if (isWritten && performance.now() > this.#nextAt) this.#load(recording.id);
  }

  async #load(id) {
    this.#nextAt = Infinity;
    const { answer } = await settled(request(filePath(id, SUMMARY)));
    if (!answer) {
      this.#nextAt = performance.now() + RETRY_PAUSE; // the list of recordings shows the problem
      return;
    }
    this.#faces = answer.tracks.map(sharesOf);
    this.#onLoaded();
  }
}

function sharesOf({ track, share, abstained, readings, first_seen: first, last_seen: last }) {
  const unsure = Object.values(abstained).reduce((sum, count) => sum + count, 0) / readings;
  return { track, shares: { ...share, unsure }, started: first * 1000, ended: last * 1000 };
}
