// Requests about sources.

import { readBody, request, send } from "./http.js";

const PATH = "/v1/sources";

/** @param {string} id of the source @param {string} part below it, as in "live" */
export const sourcePath = (id, part = "") => `${PATH}/${encodeURIComponent(id)}${part && `/${part}`}`;

export const listSources = () => request(PATH);
export const addSource = (fields) => request(PATH, { method: "POST", json: fields });
export const changeSource = (id, fields) => request(sourcePath(id), { method: "PATCH", json: fields });
export const removeSource = (id) => request(sourcePath(id), { method: "DELETE" });

/** Return the notice for people in view of a source, as text. */
export async function fetchNotice(id) {
  return readBody(await send(sourcePath(id, "notice")), "text");
}

/** Return a source's newest frame as { blob, mediaTime }; null when there is none. */
export async function fetchPreview(id) {
  const response = await send(sourcePath(id, "preview.jpg"));
  if (!response.ok) return null;
  return { blob: await readBody(response, "blob"), mediaTime: response.headers.get("Media-Time") };
}

/** @param {string} id @param {string} part below the timeline, as in "overview" */
export const timelinePath = (id, part = "") => `/v1/timelines/${encodeURIComponent(id)}${part && `/${part}`}`;

/** Return each second of each face, and the coverage. @param {string} id @param {string} from as in "-1h" */
export function fetchOverview(id, from) {
  return request(`${timelinePath(id, "overview")}?${new URLSearchParams({ from })}`);
}

/** Return the service's parts as { name, ready, reason }, also from a 503; null from other answers. */
export async function fetchReadiness() {
  const { parts = null } = await (await send("/readyz")).json();
  return parts;
}
