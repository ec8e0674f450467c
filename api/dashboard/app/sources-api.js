// Requests about sources.

import { readBody, request, send } from "./http.js";

const PATH = "/v1/sources";

const pathOf = (root, id, part) => `${root}/${encodeURIComponent(id)}${part && `/${part}`}`;

/** @param {string} part below the source, as in "live" */
export const sourcePath = (id, part = "") => pathOf(PATH, id, part);

/** @param {string} part below the timeline, as in "overview" */
export const timelinePath = (id, part = "") => pathOf("/v1/timelines", id, part);

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

/** Return each second of each face, and the coverage. @param {string} id @param {string} from as in "-1h" */
export function fetchOverview(id, from) {
  return request(`${timelinePath(id, "overview")}?${new URLSearchParams({ from })}`);
}

/** Return the service's parts as { name, ready, reason }, also from a 503; null from other answers. */
export async function fetchReadiness() {
  const { parts = null } = await (await send("/readyz")).json();
  return parts;
}
