// The REST side of the API, and the server's clock. Failures are RFC 9457 problem documents.

import { ask, contentOf, reach } from "./http.js";

let ahead = 0; // ms that the server's clock is ahead of this one's

// The server's time in ms; heartbeats tell it.
export const serverNow = () => Date.now() + ahead;

export function hearTime(at) {
  const heard = Date.parse(at) - Date.now();
  ahead = Math.abs(heard - ahead) > 1000 ? heard : ahead + 0.1 * (heard - ahead); // steps, else smoothly
}

export const listSources = () => ask("/v1/sources");
export const removeSource = (id) => ask(`/v1/sources/${encodeURIComponent(id)}`, { method: "DELETE" });

const JSON_BODY = { "Content-Type": "application/json" };

export function addSource(fields) {
  return ask("/v1/sources", { method: "POST", headers: JSON_BODY, body: JSON.stringify(fields) });
}

// `fields` are those that change.
export function changeSource(id, fields) {
  const options = { method: "PATCH", headers: JSON_BODY, body: JSON.stringify(fields) };
  return ask(`/v1/sources/${encodeURIComponent(id)}`, options);
}

// What people in view of a source are to be told, as text.
export async function noticeOf(id) {
  return contentOf(await reach(`/v1/sources/${encodeURIComponent(id)}/notice`), "text");
}

// The newest picture of a source as { blob, moment }; null where there is none now.
export async function previewOf(id) {
  const response = await reach(`/v1/sources/${encodeURIComponent(id)}/preview.jpg`);
  return response.ok
    ? { blob: await contentOf(response, "blob"), moment: response.headers.get("Media-Time") }
    : null;
}

// Each second of each face, and the coverage; `from` as in "-1h".
export function overviewOf(source, from) {
  return ask(`/v1/timelines/${encodeURIComponent(source)}/overview?${new URLSearchParams({ from })}`);
}

// Which parts are ready; a 503 carries the same document.
export async function readiness() {
  return (await reach("/readyz")).json();
}
