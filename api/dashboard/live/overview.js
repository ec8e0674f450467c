// The past of a source, which the live messages follow.

import { settled } from "../app/http.js";
import { fetchOverview } from "../app/sources-api.js";

const RETRY_PAUSE = 2000; // ms

/** Fetch a source's overview until it comes; return null when stopped or when the source is gone. */
export async function loadOverview(id, from, isStopped) {
  while (!isStopped()) {
    const { answer, problem } = await settled(fetchOverview(id, from));
    if (isStopped() || problem?.status === 404) return null;
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
  }
  return null;
}
