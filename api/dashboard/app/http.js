// Who this browser is to the API: the token that was typed in once, and what requests carry of it.

const PATIENCE = 10_000; // ms that an answer may take
const KEY = "mien-token"; // in the tab's own storage: gone when the tab is closed

let required = false; // whether this service asks for tokens at all

export class Problem extends Error {
  constructor(detail, errors = [], status = 0) {
    super(detail);
    this.errors = Object.fromEntries(errors.map(({ field, detail: text }) => [field, text]));
    this.status = status; // 0: no answer came
  }
}

// Who is asking: { name, scope, tokens }; null when a token is needed and there is none, or a wrong one.
export async function session() {
  const response = await reach("/v1/session");
  if (response.status === 401) return null;
  const told = await contentOf(response);
  required = told.tokens === "required";
  return told;
}

// Tries a token; false when the server does not take it.
export async function signIn(token) {
  if (!/^[\x21-\x7e]+$/.test(token)) return false; // no header could carry it
  sessionStorage.setItem(KEY, token);
  if (await session()) return true;
  sessionStorage.removeItem(KEY);
  return false;
}

// Forgets the token and begins anew, which ends in the form that asks for one.
export function signOut() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

// The headers that say who asks, for requests that are not made with ask().
export function credentials() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// What the API answers, as an object; null when it answers without content. Raises a Problem.
export async function ask(path, options = {}) {
  const response = await reach(path, options);
  if (response.status === 401) signOut();
  if (response.status === 204) return null;
  return contentOf(response);
}

// What an answer carries, read as "json", "text" or "blob". Raises a Problem where it refuses or breaks off.
export async function contentOf(response, kind = "json") {
  if (!response.ok) {
    const { detail, errors } = await response.json().catch(() => ({})); // a gateway's own page has neither
    throw new Problem(
      detail ?? `The server answers with an error (${response.status}).`,
      errors,
      response.status,
    );
  }
  try {
    return await response[kind]();
  } catch {
    throw new Problem("The server's answer broke off.");
  }
}

// The answer itself, whatever its status; raises a Problem when there is none in time.
export async function reach(path, options = {}) {
  try {
    return await fetch(path, {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
      headers: { ...options.headers, ...credentials() },
    });
  } catch {
    throw new Problem("The server does not answer.");
  }
}

// An address that works where no header can be sent: images, videos, downloads. Good for ten minutes.
export async function ticketed(path, query = {}) {
  const asked = new URLSearchParams(query);
  if (required) {
    const headers = { "Content-Type": "application/json" };
    asked.set(
      "ticket",
      (await ask("/v1/tickets", { method: "POST", headers, body: JSON.stringify({ path }) })).ticket,
    );
  }
  return asked.size ? `${path}?${asked}` : path;
}

// Saves what lies at a path of the API as a file, under the name that the API gives it.
export async function download(path, query = {}) {
  Object.assign(document.createElement("a"), { href: await ticketed(path, query), download: "" }).click();
}

// Opens a websocket; each needs a ticket of its own.
export async function openSocket(path, query = {}) {
  const url = new URL(await ticketed(path, query), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url);
}
