// Coverage in figures and in a sentence. All times are ms.

import { duration, percent } from "./format.js";

const WORTH_SAYING = 0.01; // share of dropped frames
const NEARLY_ALL = 0.9; // share of a window from which on its figures are those of "the time"

/**
 * Add up the time and frames of each kind of coverage within a range.
 * @param {import("./records.js").CoverageSegment[]} coverage
 * @param {import("./records.js").TimeRange} range
 * @returns {Record<string, { time: number, frames: number }>} by kind
 */
export function coverageTotals(coverage, range) {
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
 * Say what became of a window's time and frames.
 * @param {Record<string, { time: number, frames: number }>} totals by kind
 * @param {number} length of the window, where a part of it may have no data yet
 */
export function coverageSentence(totals, length = 0) {
  const kinds = Object.values(totals);
  const time = kinds.reduce((sum, kind) => sum + kind.time, 0);
  if (time === 0) return "No data in this window yet.";
  const frames = kinds.reduce((sum, kind) => sum + kind.frames, 0);
  const dropped = (totals.dropped?.frames ?? 0) / frames;
  const whole = time < NEARLY_ALL * length ? `${duration(time)} recorded so far` : "time";
  const parts = [`Faces read in ${percent((totals.observed?.time ?? 0) / time)} of the ${whole}`];
  if (dropped >= WORTH_SAYING) parts.push(`engine slow: ${percent(dropped)} of frames dropped`);
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
