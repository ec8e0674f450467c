// Requests about recordings, and uploads with their progress.

import { authHeaders, Problem, request, withRoot } from "./http.js";

const PATH = "/v1/recordings";
const PROBE_TIMEOUT = 90_000; // ms; the server probes a file for up to 30 s, behind others

const recordingPath = (id, part) => `${PATH}/${encodeURIComponent(id)}${part ? `/${part}` : ""}`;

export const listRecordings = () => request(PATH);
export const fetchLimits = () => request(`${PATH}/limits`);
export const cancelRecording = (id) => request(recordingPath(id, "cancel"), { method: "POST" });
export const removeRecording = (id) => request(recordingPath(id), { method: "DELETE" });
export const fetchRecordingOverview = (id) => request(recordingPath(id, "overview"));
export const filePath = (id, name) => recordingPath(id, `files/${encodeURIComponent(name)}`);
export const picturePath = (id) => recordingPath(id, "picture");
export const videoPath = (id) => recordingPath(id, "video");

/** Return readings, spans and coverage. @param {string} id @param {number} from s @param {number} to s */
export function fetchTimeline(id, from, to) {
  return request(`${recordingPath(id, "timeline")}?${new URLSearchParams({ from, to })}`);
}

/** Add a file of the media folder. @param {string} path @param {object} options { rate, purpose, ground, turn, aspect } */
export function addFromMedia(path, options) {
  const rate = options.rate === "all" ? "all" : Number(options.rate);
  const signal = AbortSignal.timeout(PROBE_TIMEOUT);
  return request(PATH, { method: "POST", signal, json: { ...options, path, rate } });
}

/** Upload a file; return the recording, or null after an abort. @param options as addFromMedia() takes */
export function uploadFile(file, options, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const upload = new XMLHttpRequest(); // fetch() does not report an upload's progress
    upload.open("POST", withRoot(`${PATH}/upload?${new URLSearchParams({ ...options, name: file.name })}`));
    upload.setRequestHeader("Content-Type", "application/octet-stream");
    for (const [name, value] of Object.entries(authHeaders())) upload.setRequestHeader(name, value);
    upload.responseType = "json";
    upload.upload.onprogress = ({ loaded }) => onProgress(loaded);
    upload.onload = () => {
      const { status, response } = upload;
      if (status < 300) resolve(response);
      else reject(new Problem(response?.detail ?? upload.statusText, response?.errors, status));
    };
    upload.onerror = () => reject(new Problem("The connection broke during the upload."));
    upload.onabort = () => resolve(null);
    signal.addEventListener("abort", () => upload.abort());
    upload.send(file);
  });
}
