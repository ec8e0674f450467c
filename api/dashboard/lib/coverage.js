// Coverage in figures and in a sentence. All times are ms.

import { duration, percent } from "./format.js";

const MIN_DROPPED = 0.01; // share of dropped frames from which on the sentence says so
const NEARLY_ALL = 0.9; // share of a window from which on the sentence speaks of all of it

// The time and frames of each kind of coverage within a range.
function totalsByKind(coverage, range) {
  const totals = {};
  for (const { started, ended, kind, frames } of coverage) {
    const time = Math.min(ended, range.ended) - Math.max(started, range.started);
    if (time < 0 || (time === 0 && ended > started)) continue;
    totals[kind] ??= { time: 0, frames: 0 };
    totals[kind].time += time;
    totals[kind].frames += ended > started ? (frames * time) / (ended - started) : frames;
  }
  return totals;
}

/**
 * Describe the coverage within a range.
 * @param {string} status of a live source, where a part of the range may have no data yet
 */
export function coverageSentence(coverage, range, status = "") {
  const totals = totalsByKind(coverage, range);
  const kinds = Object.values(totals);
  const time = kinds.reduce((sum, kind) => sum + kind.time, 0);
  if (time === 0) return `No data in this window yet${status && `: ${status}`}.`;
  const frames = kinds.reduce((sum, kind) => sum + kind.frames, 0);
  const dropped = (totals.dropped?.frames ?? 0) / frames;
  const isPartial = status && time < NEARLY_ALL * (range.ended - range.started);
  const whole = isPartial ? `${duration(time)} recorded so far` : "time";
  const parts = [`Faces read in ${percent((totals.observed?.time ?? 0) / time)} of the ${whole}`];
  if (dropped >= MIN_DROPPED) parts.push(`engine slow: ${percent(dropped)} of frames dropped`);
  for (const [kind, text] of [
    ["disconnected", "no signal"],
    ["decode_error", "picture damaged"],
    ["low_quality", "faces too small, blurred or turned"],
    ["no_face", "nobody in view"],
  ]) {
    if (totals[kind]) parts.push(`${text} for ${duration(totals[kind].time)}`);
  }
  return `${parts.join("; ")}.`;
}
