// What a recording came to, face by face: as its summary has it, or until that is there as its seconds tell.

import { ask, Problem } from "../app/http.js";
import { filePath } from "../app/recordings-api.js";

const AGAIN = 2000; // ms before a summary that did not come is asked for anew
const SUMMARY = "summary.json";

export class Outcome {
  #recording;
  #overview;
  #summary = null; // [{ track, shares, started, ended }]; null until it came
  #asked = -Infinity; // ms; Infinity during a look, and after the last
  #changed;

  // `changed` is called when the summary has come.
  constructor(overview, changed) {
    this.#overview = overview;
    this.#changed = changed;
  }

  get isFinal() {
    return this.#summary !== null;
  }

  // Each face as { track, shares: { label: 0..1, unsure: 0..1 }, started, ended (ms) }.
  get faces() {
    if (this.#summary !== null) return this.#summary;
    const overview = this.#overview;
    return [...overview.faces.keys()].map((track) => ({
      track,
      shares: overview.shares(track),
      ...overview.range(track),
    }));
  }

  // The recording as the list tells it: the summary is asked for once it is written.
  update(recording) {
    const isWritten = recording.files.some(({ name }) => name === SUMMARY);
    if (isWritten && performance.now() > this.#asked + AGAIN) this.#look(recording.id);
  }

  async #look(id) {
    this.#asked = Infinity;
    let document;
    try {
      document = await ask(filePath(id, SUMMARY));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // the list says that the server is away, or that it is gone
      this.#asked = performance.now();
      return;
    }
    this.#summary = document.tracks.map(faceOf);
    this.#changed();
  }
}

function faceOf({ track, share, abstained, readings, first_seen: first, last_seen: last }) {
  const unsure = Object.values(abstained).reduce((sum, count) => sum + count, 0) / readings;
  return { track, shares: { ...share, unsure }, started: first * 1000, ended: last * 1000 };
}
