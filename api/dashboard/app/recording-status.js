// Recordings in words: how each stands, moments of a video, sizes.

const RUNNING = ["queued", "running"];

export const isUnderWay = ({ state }) => RUNNING.includes(state);

// A place in a video: 0:07, 1:02:03, or 0:07.4 with one digit.
export function moment(ms, digits = 0) {
  const unit = 10 ** digits;
  const total = Math.floor((Math.max(0, ms) * unit) / 1000 + 1e-6);
  const [seconds, fraction] = [Math.floor(total / unit), total % unit];
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const words =
    parts[0] > 0
      ? `${parts[0]}:${String(parts[1]).padStart(2, "0")}:${String(parts[2]).padStart(2, "0")}`
      : `${parts[1]}:${String(parts[2]).padStart(2, "0")}`;
  return digits ? `${words}.${String(fraction).padStart(digits, "0")}` : words;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function bytes(count) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return `${value < 9.95 && power > 0 ? value.toFixed(1) : Math.round(value)}\u00a0${UNITS[power]}`;
}

// Seconds that are still to come: "a moment", 40 s, 3 min, 1 h 20 min.
export function remaining(seconds) {
  if (seconds < 2) return "a moment";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

export const times = (speed) => `${speed < 9.95 ? speed.toFixed(1) : Math.round(speed)} × real time`;

export const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

// How a recording stands: `tone` is good, going, busy (there is something to wait for), bad or idle.
export function standing(recording) {
  const { state, reason, faces, position, duration } = recording;
  switch (state) {
    case "queued":
      return { tone: "idle", words: reason ? `waits: ${reason}` : "waits for its turn" };
    case "running":
      return reason
        ? { tone: "busy", words: reason.replace(/^waits while/, "waits:") }
        : { tone: "going", words: "being read" };
    case "completed": {
      const read = `read, ${faces ? counted(faces, "face", "faces") : "no face"}`;
      return reason ? { tone: "busy", words: `${read}; ${reason}` } : { tone: "good", words: read };
    }
    case "aborted":
      return {
        tone: "idle",
        words: `cancelled${position && duration ? ` at ${moment(position * 1000)} of ${moment(duration * 1000)}` : ""}`,
      };
    default:
      return { tone: "bad", words: `failed: ${reason || "no reason given"}` };
  }
}

// Progress, speed and what is left, as far as they are known; "" while it does not go on.
export function pace({ state, reason, progress, speed, eta }) {
  if (state !== "running" || reason) return "";
  const parts = [`${Math.floor((progress ?? 0) * 100)}\u00a0%`];
  if (speed) parts.push(times(speed));
  if (eta !== null && eta !== undefined) parts.push(`${remaining(eta)} left`);
  return parts.join(" · ");
}

// What is to be known of a recording before one looks at it; "" when there is nothing to be said.
export function noteOf(recording, { isEmpty, pictures }) {
  const words = [endOf(recording)];
  const isCut = !isUnderWay(recording) && recording.state !== "completed";
  if (isCut) words.push(isEmpty ? "Nothing was read." : "What was read until then is below.");
  if (!recording.has_video) words.push("The video itself is no longer there.");
  else if (pictures === "away") words.push("The video does not come just now; it is asked for again.");
  else if (pictures === "never")
    words.push("This browser cannot play this kind of video; what was read is shown without it.");
  return words.filter(Boolean).join(" ");
}

// How a recording came to an end that is not the video's.
function endOf({ state, reason, position, duration }) {
  const place = moment((position ?? 0) * 1000);
  if (state === "error")
    return `It could not be read${position ? ` beyond ${place}` : ""}: ${reason || "no reason given"}.`;
  if (state !== "aborted") return "";
  return `It was cancelled at ${place}${duration ? ` of ${moment(duration * 1000)}` : ""}.`;
}
