// The status of a recording: a tone (good, going, busy, bad or idle), texts, and what is left to do.

import { counted, percent, remaining, speedText, videoTime } from "../lib/format.js";

export const isUnderWay = ({ state }) => state === "queued" || state === "running";

/** @param {object} recording as the API sends it @returns {{ tone: string, text: string }} */
export function statusOf({ state, reason, faces, position, duration }) {
  switch (state) {
    case "queued":
      return { tone: "idle", text: reason ? `Waiting: ${reason}` : "Waiting" };
    case "running":
      return reason
        ? { tone: "busy", text: reason[0].toUpperCase() + reason.slice(1) }
        : { tone: "going", text: "Reading" };
    case "completed": {
      const text = `Done · ${faces ? counted(faces, "face") : "no face"}`;
      return reason ? { tone: "busy", text: `${text} · ${reason}` } : { tone: "good", text };
    }
    case "aborted":
      return {
        tone: "idle",
        text: position && duration ? `Cancelled at ${placeIn(position, duration)}` : "Cancelled",
      };
    default:
      return { tone: "bad", text: `Failed: ${reason || "no reason given"}` };
  }
}

/** Return progress, speed and time left as far as known; "" while the job does not run at full speed. */
export function progressText({ state, reason, progress, speed, eta }) {
  if (state !== "running" || reason) return "";
  const parts = [percent(Math.floor((progress ?? 0) * 100) / 100)];
  if (speed) parts.push(speedText(speed));
  if (eta !== null && eta !== undefined) parts.push(`${remaining(eta)} left`);
  return parts.join(" · ");
}

/** Return the notice above a recording; "" when there is nothing to say. */
export function noticeText(recording, { isEmpty, video }) {
  const parts = [endText(recording)];
  const isPartial = !isUnderWay(recording) && recording.state !== "completed";
  if (isPartial) parts.push(isEmpty ? "Nothing was read." : "The results up to there are below.");
  if (!recording.has_video) parts.push("The video file no longer exists.");
  else if (video === "loading") parts.push("The video could not be loaded; trying again.");
  else if (video === "unplayable") parts.push("This browser cannot play this video; its results are below.");
  return parts.filter(Boolean).join(" ");
}

// Describes how reading ended before the video did.
function endText({ state, reason, position, duration }) {
  if (state === "error") {
    const where = position ? ` at ${videoTime(position * 1000)}` : "";
    return `Reading failed${where}: ${reason || "no reason given"}.`;
  }
  return state === "aborted" ? `Reading was cancelled at ${placeIn(position ?? 0, duration)}.` : "";
}

function placeIn(position, duration) {
  return `${videoTime(position * 1000)}${duration ? ` of ${videoTime(duration * 1000)}` : ""}`;
}
