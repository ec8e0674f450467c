// The status of a source: a tone (good, busy, bad or idle) and a text. All times are ms.

import { clock, duration, percent } from "../lib/format.js";

const QUIET = 10_000; // without a reading, from which on a live source's status says so
const LATE = 1000; // by which readings may be late before the status says so
const SOME_DROPPED = 0.01; // share of frames from which on the status says so
const MANY_DROPPED = 0.2; // share of frames from which on it is bad
const SILENT_STATES = ["connecting", "reconnecting", "error"];

/** Return a source's { tone, text } at a time of the server, with the lag of its readings where known. */
export function statusOf(source, now, lag = 0) {
  const since = source.since ? clock(Date.parse(source.since)) : "";
  const because = source.reason ? `: ${source.reason}` : "";
  switch (source.state) {
    case "live":
      return liveStatus(source, now, lag);
    case "connecting":
      return { tone: "busy", text: `connecting since ${since}` };
    case "reconnecting":
      return { tone: "bad", text: `no signal since ${since}${because}` };
    case "ended":
      return { tone: "idle", text: `ended at ${since}${because}` };
    case "error":
      return { tone: "bad", text: `cannot be played${because || ` since ${since}`}` };
    default:
      return { tone: "busy", text: "waiting for ingest" };
  }
}

function liveStatus(source, now, lag) {
  const late = lag > LATE ? `, ${duration(lag)} behind` : "";
  if (source.drop_share >= SOME_DROPPED) {
    const tone = source.drop_share >= MANY_DROPPED ? "bad" : "busy";
    return { tone, text: `live, engine slow: ${percent(source.drop_share)} of frames dropped${late}` };
  }
  if (!source.last_reading) return { tone: "good", text: "live, no face read yet" };
  const last = Date.parse(source.last_reading);
  const isQuiet = now - last > Math.max(QUIET, 3000 / source.rate) + lag;
  if (isQuiet) return { tone: "good", text: `live, no face read since ${clock(last)}` };
  return { tone: late ? "busy" : "good", text: `live${late}` };
}

/** Return the coverage of an outage that is going on and not reported yet; null when there is none. */
export function outageOf(source, now) {
  if (!SILENT_STATES.includes(source.state) || !source.since) return null;
  return { kind: "disconnected", frames: 0, started: Date.parse(source.since), ended: now };
}
