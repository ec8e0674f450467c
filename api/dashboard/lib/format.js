// States, shares and times in words.

const CLOCK_PARTS = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const CLOCK = new Intl.DateTimeFormat(undefined, CLOCK_PARTS);

const FINE_CLOCK = new Intl.DateTimeFormat(undefined, { ...CLOCK_PARTS, fractionalSecondDigits: 1 });

// Local time of day, as in 12:03:07; `at` is ms since the epoch.
export const clock = (at) => CLOCK.format(at);

// The same with tenths of a second.
export const fineClock = (at) => FINE_CLOCK.format(at);

// With a space at which no line breaks.
export function percent(share) {
  const value = share * 100;
  return `${value > 0 && value < 1 ? "under 1" : Math.round(value)}\u00a0%`;
}

const ABSTAINED = { small: "too small", blurred: "blurred", turned: "turned away", unsure: "unsure" };

// A reading's label with its probability, or why there is none.
export function spoken(reading) {
  if (!reading.label) return ABSTAINED[reading.abstained] ?? "unsure";
  return `${reading.label} ${percent(reading.smoothed[reading.label])}`;
}

const QUIET = 10_000; // ms without a reading after which a live source is said to be quiet, where they come fast
const NOTABLE = 0.01; // share of dropped frames that is worth a word
const GRAVE = 0.2; // share of dropped frames from which it is trouble

const LATE = 1000; // ms by which readings may be behind without a word

// How a source stands: `tone` is good, busy, bad or idle. `now` is the server's clock in ms, `lag` how many ms
// its readings come late, where that is known.
export function stateOf(source, now, lag = 0) {
  const since = source.since ? clock(Date.parse(source.since)) : "";
  const because = source.reason ? `: ${source.reason}` : "";
  switch (source.state) {
    case "live":
      return live(source, now, lag);
    case "connecting":
      return { tone: "busy", words: `connecting since ${since}` };
    case "reconnecting":
      return { tone: "bad", words: `no signal since ${since}${because}` };
    case "ended":
      return { tone: "idle", words: `ended at ${since}${because}` };
    case "error":
      return { tone: "bad", words: `cannot be played${because || ` since ${since}`}` };
    default:
      return { tone: "busy", words: "waiting to be picked up" };
  }
}

function live(source, now, lag) {
  const late = lag > LATE ? `, ${duration(lag)} behind` : "";
  if (source.drop_share >= NOTABLE) {
    const tone = source.drop_share >= GRAVE ? "bad" : "busy";
    return { tone, words: `live, engine slow: ${percent(source.drop_share)} of frames dropped${late}` };
  }
  const last = source.last_reading ? Date.parse(source.last_reading) : null;
  if (last === null) return { tone: "good", words: "live, no face read yet" };
  if (now - last > Math.max(QUIET, 3000 / source.rate) + lag)
    return { tone: "good", words: `live, no face read since ${clock(last)}` };
  return late ? { tone: "busy", words: `live${late}` } : { tone: "good", words: "live" };
}

const SILENT = ["connecting", "reconnecting", "error"];

// The stretch of coverage that trouble makes and nobody has told yet; null when there is none.
export function troubleOf(source, now) {
  if (!SILENT.includes(source.state) || !source.since) return null;
  return { kind: "disconnected", frames: 0, started: Date.parse(source.since), ended: now };
}

// Time (ms) and frames of each kind of coverage within a view { started, ended }: { kind: { time, frames } }.
export function coverageTotals(coverage, view) {
  const totals = {};
  for (const { started, ended, kind, frames } of coverage) {
    const time = Math.min(ended, view.ended) - Math.max(started, view.started);
    if (time < 0 || (time === 0 && ended > started)) continue;
    const share = ended > started ? time / (ended - started) : 1;
    totals[kind] ??= { time: 0, frames: 0 };
    totals[kind].time += time;
    totals[kind].frames += frames * share;
  }
  return totals;
}

const MOST = 0.9; // share of a window from which on it is spoken of as a whole

// What became of a window's time and frames; `totals` maps kinds to { time, frames }, `length` is the window's in
// ms, where less of it may be told.
export function coverageSentence(totals, length = 0) {
  const all = Object.values(totals).reduce((sum, { time }) => sum + time, 0);
  if (all === 0) return "Nothing told about this window yet.";
  const frames = Object.values(totals).reduce((sum, kind) => sum + kind.frames, 0);
  const parts = [];
  const dropped = totals.dropped?.frames ?? 0;
  if (dropped / frames >= NOTABLE) parts.push(`engine slow: ${percent(dropped / frames)} of frames dropped`);
  if (totals.disconnected) parts.push(`no signal for ${duration(totals.disconnected.time)}`);
  if (totals.decode_error) parts.push(`picture damaged for ${duration(totals.decode_error.time)}`);
  if (totals.low_quality)
    parts.push(`faces too small, blurred or turned for ${duration(totals.low_quality.time)}`);
  if (totals.no_face) parts.push(`nobody in view for ${duration(totals.no_face.time)}`);
  const whole = all < MOST * length ? `${duration(all)} told so far` : "time";
  const first = `Faces read ${percent((totals.observed?.time ?? 0) / all)} of the ${whole}`;
  return `${[first, ...parts].join("; ")}.`;
}

// ms as 0.4 s, 12 s or 3 min 5 s
export function duration(ms) {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const rounded = Math.round(seconds);
  return rounded % 60 ? `${Math.floor(rounded / 60)} min ${rounded % 60} s` : `${rounded / 60} min`;
}
