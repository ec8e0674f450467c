// Requests to the API with this browser's token. Failures are RFC 9457 problem documents, raised as Problem.

import { make } from "../lib/elements.js";

const ROOT = new URL("..", import.meta.url).pathname.slice(0, -1); // a reverse proxy's sub-path, or ""
const TIMEOUT = 10_000; // ms
const TOKEN_KEY = `mien-token${ROOT}`; // in the tab's own storage, which ends with the tab

let tokensRequired = false;

export class Problem extends Error {
  /** @param {{ field: string, detail: string }[]} errors @param {number} status 0: no answer */
  constructor(detail, errors = [], status = 0) {
    super(detail);
    this.errors = Object.fromEntries(errors.map((error) => [error.field, error.detail]));
    this.status = status;
  }
}

/** Return { answer } of a request, or { problem } when it failed with one; throw other errors. */
export async function settled(promise) {
  try {
    return { answer: await promise };
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return { problem };
  }
}

/** Return the session { name, scope, tokens, rate }; null without a valid token where one is required. */
export async function session() {
  const response = await send("/v1/session");
  if (response.status === 401) return null;
  const answer = await readBody(response);
  tokensRequired = answer.tokens === "required";
  return answer;
}

/** Try a token; return false when the server refuses it. */
export async function signIn(token) {
  if (!/^[\x21-\x7e]+$/.test(token)) return false; // no header can carry it
  sessionStorage.setItem(TOKEN_KEY, token);
  if (await session()) return true;
  sessionStorage.removeItem(TOKEN_KEY);
  return false;
}

/** Forget the token and reload the page, which then shows the sign-in form. */
export function signOut() {
  sessionStorage.removeItem(TOKEN_KEY);
  location.reload();
}

/** Return the headers that carry the token. */
export function authHeaders() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Send a request, `json` as its body; return the answer's JSON, or null when it is empty. */
export async function request(path, { json, ...options } = {}) {
  const body = json && { body: JSON.stringify(json), headers: { "Content-Type": "application/json" } };
  const response = await send(path, { ...options, ...body });
  if (response.status === 401) signOut();
  return response.status === 204 ? null : readBody(response);
}

/** Read an answer as "json", "text" or "blob". */
export async function readBody(response, kind = "json") {
  if (!response.ok) {
    const { status } = response;
    const { detail, errors } = await response.json().catch(() => ({})); // a gateway's own page is no JSON
    throw new Problem(detail ?? `The server answered with error ${status}.`, errors, status);
  }
  try {
    return await response[kind]();
  } catch {
    throw new Problem("The server's answer broke off.");
  }
}

/** Return the URL path at which the browser reaches a path of the API. */
export const withRoot = (path) => ROOT + path;

/** Send a request; return the answer, whatever its status. */
export async function send(path, options = {}) {
  const headers = { ...options.headers, ...authHeaders() };
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    return await fetch(withRoot(path), { cache: "no-store", signal, ...options, headers });
  } catch {
    throw new Problem("The server does not answer.");
  }
}

/** Return a URL with a ticket of ten minutes, for videos, downloads and websockets: they send no headers. */
export async function ticketUrl(path, query = {}) {
  const parameters = new URLSearchParams(query);
  if (tokensRequired) {
    const { ticket } = await request("/v1/tickets", { method: "POST", json: { path } });
    parameters.set("ticket", ticket);
  }
  return withRoot(parameters.size ? `${path}?${parameters}` : path);
}

/** Download a file of the API; its name is the server's unless one is given. */
export async function download(path, query = {}, name = "") {
  make("a", { href: await ticketUrl(path, query), download: name }).click();
}

/** Open a websocket with a ticket of its own. */
export async function openSocket(path, query = {}) {
  const url = new URL(await ticketUrl(path, query), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url);
}
