// What each stretch of a source's time was, in order and without overlap. All times are ms.

import { gapAt } from "../lib/series.js";

export class Coverage {
  stretches = []; // { kind, frames, started, ended }; and { mediaStarted, mediaEnded } in s, as told
  #open = []; // the same of what was read and is not told yet; `isOpen`
  #gap; // ms

  // `rate` of readings a second.
  constructor(rate) {
    this.#gap = gapAt(rate);
  }

  // A face was read at this time: until more is told, that makes a stretch.
  note(time) {
    const last = this.#open.at(-1);
    if (last && time - last.ended > this.#gap) this.#open.push(openAt(time));
    else if (!last) this.#open.push(openAt(time));
    else if (time > last.ended) Object.assign(last, { ended: time, frames: last.frames + 1 });
  }

  // Takes a stretch as told; passes over what was told before. Says whether that changed anything.
  add(told) {
    if (!told.started_at || !told.ended_at) return false;
    return this.#add(stretchOf(told));
  }

  // Takes what the overview tells of the past; what is known beyond that stays.
  takeOverview(coverage) {
    const known = this.stretches;
    this.stretches = [];
    for (const told of coverage) this.add(told);
    for (const stretch of known) this.#add(stretch);
  }

  forgetBefore(time) {
    const kept = this.stretches.findIndex(({ ended }) => ended >= time);
    this.stretches.splice(0, kept === -1 ? this.stretches.length : kept);
    this.#open = this.#open.filter(({ ended }) => ended >= time);
  }

  // With what is not told yet: where faces were read, and the trouble that is going on, if there is one.
  with(trouble) {
    const all = [...this.stretches, ...this.#open];
    if (!trouble) return all;
    const known = all.at(-1)?.ended ?? -Infinity;
    return known >= trouble.ended ? all : [...all, { ...trouble, started: Math.max(known, trouble.started) }];
  }

  #add(stretch) {
    const before = this.stretches.at(-1);
    if (before && (stretch.ended < before.ended || this.#isKnown(stretch))) return false;
    // The wall clock of arrival trembles, which is no gap.
    const meets = before && stretch.mediaStarted === before.mediaEnded;
    this.stretches.push({ ...stretch, started: meets ? before.ended : stretch.started });
    this.#close(stretch.ended);
    return true;
  }

  // What was open up to this time is told now.
  #close(time) {
    this.#open = this.#open.filter(({ ended }) => ended > time);
    const first = this.#open[0];
    if (!first || first.started >= time) return;
    first.frames *= (first.ended - time) / (first.ended - first.started);
    first.started = time;
  }

  #isKnown({ ended, kind }) {
    let place = this.stretches.length - 1;
    while (place >= 0 && this.stretches[place].ended === ended && this.stretches[place].kind !== kind)
      place -= 1;
    return place >= 0 && this.stretches[place].ended === ended;
  }
}

function openAt(time) {
  return { kind: "observed", frames: 1, started: time, ended: time, isOpen: true };
}

function stretchOf({ kind, frames, started, ended, started_at: startedAt, ended_at: endedAt }) {
  const began = Date.parse(startedAt);
  return {
    kind,
    frames,
    started: began,
    ended: Math.max(began, Date.parse(endedAt)),
    mediaStarted: started,
    mediaEnded: ended,
  };
}
