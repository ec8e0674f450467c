// The REST side of the API, and the server's clock. Failures are RFC 9457 problem documents.

import { Problem, ask, reach } from "./access.js";

export { Problem, ask };

let ahead = 0; // ms that the server's clock is ahead of this one's

// The server's time in ms; heartbeats tell it.
export const serverNow = () => Date.now() + ahead;

export function hearTime(at) {
  const heard = Date.parse(at) - Date.now();
  ahead = Math.abs(heard - ahead) > 1000 ? heard : ahead + 0.1 * (heard - ahead); // steps, else smoothly
}

export const listSources = () => ask("/v1/sources");
export const removeSource = (id) => ask(`/v1/sources/${encodeURIComponent(id)}`, { method: "DELETE" });

export function addSource(name, url) {
  const headers = { "Content-Type": "application/json" };
  return ask("/v1/sources", { method: "POST", headers, body: JSON.stringify({ name, url }) });
}

// A page of messages; `query` as in docs/protocol.md.
export function timelinePage(source, query) {
  return ask(`/v1/timelines/${encodeURIComponent(source)}?${new URLSearchParams(query)}`);
}

// Which parts are ready; a 503 carries the same document.
export async function readiness() {
  return (await reach("/readyz")).json();
}
