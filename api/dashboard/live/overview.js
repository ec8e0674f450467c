// The past of a source, which the live messages follow.

import { Problem } from "../app/http.js";
import { fetchOverview } from "../app/sources-api.js";

const RETRY_PAUSE = 2000; // ms

/**
 * Fetch a source's overview, again and again until it comes.
 * @param {string} id of the source
 * @param {string} from as in "-1h"
 * @param {() => boolean} isStopped nobody needs it any more
 * @returns {Promise<object | null>} null when stopped or when the source is gone
 */
export async function loadOverview(id, from, isStopped) {
  while (!isStopped()) {
    try {
      const overview = await fetchOverview(id, from);
      return isStopped() ? null : overview;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 404) return null;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
  }
  return null;
}
