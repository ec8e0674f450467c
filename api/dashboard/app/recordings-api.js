// The API's side of recordings: what is asked of it, and uploads with their progress.

import { ask, credentials, Problem } from "./http.js";

const HOME = "/v1/recordings";
const LOOKED_INTO = 90_000; // ms that the service may need to look into a file: 30 s each, behind others

export const pathOf = (id) => `${HOME}/${encodeURIComponent(id)}`;
export const listRecordings = () => ask(HOME);
export const limits = () => ask(`${HOME}/limits`);
export const cancelRecording = (id) => ask(`${pathOf(id)}/cancel`, { method: "POST" });
export const removeRecording = (id) => ask(pathOf(id), { method: "DELETE" });
export const overviewOf = (id) => ask(`${pathOf(id)}/overview`);
export const filePath = (id, name) => `${pathOf(id)}/files/${encodeURIComponent(name)}`;
export const videoPath = (id) => `${pathOf(id)}/video`;

// Readings, spans and coverage between two moments in seconds.
export function timelineOf(id, from, to) {
  return ask(`${pathOf(id)}/timeline?${new URLSearchParams({ from, to })}`);
}

// Adds a file of the media folder; `wishes` are { rate, purpose, ground }.
export function addFromMedia(path, wishes) {
  const headers = { "Content-Type": "application/json" };
  const rate = wishes.rate === "all" ? "all" : Number(wishes.rate);
  const signal = AbortSignal.timeout(LOOKED_INTO);
  return ask(HOME, { method: "POST", headers, signal, body: JSON.stringify({ ...wishes, path, rate }) });
}

// Sends a file; `progress` hears how many bytes have gone. The promise gives the recording, or null once
// `signal` aborted it. Raises a Problem.
export function sendFile(file, wishes, { progress, signal }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch() tells nothing of an upload's progress
    request.open("POST", `${HOME}/upload?${new URLSearchParams({ ...wishes, name: file.name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    for (const [name, value] of Object.entries(credentials())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => {
      const { status, response } = request;
      if (status < 300) done(response);
      else failed(new Problem(response?.detail ?? request.statusText, response?.errors, status));
    };
    request.onerror = () => failed(new Problem("The connection broke while the file was sent."));
    request.onabort = () => done(null);
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
