// What each stretch of a source's time was, in order and without overlap. All times are ms.

const TREMBLE = 250; // ms by which two stretches that follow each other may seem apart

export class Coverage {
  stretches = []; // { kind, frames, started, ended }

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
  }

  // With the stretch that is going on and not told yet, if there is one.
  with(trouble) {
    if (!trouble) return this.stretches;
    const told = this.stretches.at(-1)?.ended ?? -Infinity;
    return told >= trouble.ended ? this.stretches : [...this.stretches, { ...trouble, started: Math.max(told, trouble.started) }];
  }

  #add(stretch) {
    const before = this.stretches.at(-1);
    if (before && (stretch.ended < before.ended || this.#isKnown(stretch))) return false;
    // The wall clock of arrival trembles by some ms, which is no gap.
    const meets = before && stretch.started - before.ended < TREMBLE;
    this.stretches.push({ ...stretch, started: meets ? before.ended : stretch.started });
    return true;
  }

  #isKnown({ ended, kind }) {
    let place = this.stretches.length - 1;
    while (place >= 0 && this.stretches[place].ended === ended && this.stretches[place].kind !== kind) place -= 1;
    return place >= 0 && this.stretches[place].ended === ended;
  }
}

function stretchOf({ kind, frames, started_at: startedAt, ended_at: endedAt }) {
  const started = Date.parse(startedAt);
  return { kind, frames, started, ended: Math.max(started, Date.parse(endedAt)) };
}
