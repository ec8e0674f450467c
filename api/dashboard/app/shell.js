// The frame of all pages: header with navigation, health and sign-out, the banner, and the sign-in.

import { byId, make, setText } from "../lib/elements.js";
import { clock } from "../lib/format.js";
import { showHealth } from "./health.js";
import { session, signOut } from "./http.js";
import { askForToken } from "./login.js";
import { serverNow } from "./server-clock.js";

const PAGES = [
  ["live", "Live", "./"],
  ["recordings", "Recordings", "recordings.html"],
];
export const FRAME = 1000 / 30; // ms between two drawings, at least
export const JITTER = 2; // ms by which the screen's frames may come early
const RETRY_PAUSE = 1000; // ms before the next request to a server that does not answer

const banner = make("p", { className: "banner", id: "banner", role: "status", hidden: true });
let lostAt = null; // ms; null: connected
let lastProblem = ""; // text of the server's answer, if it answered

/** Draw the header, ask for a token where one is required, and return the session. */
export async function openPage(page) {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment names what the page shows
    byId("main").focus();
  });
  const header = byId("top");
  header.append(make("a", { className: "wordmark", href: "./", textContent: "mien" }), navigation(page));
  header.after(banner);
  const current = await signedInSession();
  showHealth(header);
  if (current.tokens === "required") header.append(signOutArea(current));
  document.body.dataset.scope = current.scope; // the style sheet hides what the scope does not allow
  return current;
}

/** Return the id that the URL's fragment names. */
export function idInUrl() {
  const name = location.hash.slice(1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // no id has such a name
  }
}

/** Call draw(ms) for the screen's frames, at most 30 times a second. */
export function onEveryFrame(draw) {
  let drawnAt = 0;
  const onFrame = (at) => {
    requestAnimationFrame(onFrame);
    if (at - drawnAt < FRAME - JITTER) return;
    drawnAt = at;
    draw(at);
  };
  requestAnimationFrame(onFrame);
}

/** The banner about a lost connection. */
export const connection = {
  /** @param {import("./http.js").Problem | null} problem the server's answer, if it gave one */
  lost(problem = null) {
    lostAt ??= serverNow();
    if (problem?.status) lastProblem = problem.message;
    const since = clock(lostAt);
    const answered = `${lastProblem.replace(/[.;]?$/, ".")} Trying again since ${since}.`;
    setText(banner, lastProblem ? answered : `No connection to the server since ${since}; trying again.`);
    banner.hidden = false;
  },
  restored() {
    lostAt = null;
    lastProblem = "";
    banner.hidden = true;
  },
};

async function signedInSession() {
  for (;;) {
    try {
      const current = await session();
      connection.restored();
      if (current) return current;
      await askForToken();
    } catch (problem) {
      connection.lost(problem);
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
    }
  }
}

function navigation(current) {
  const links = PAGES.map(([page, textContent, href]) =>
    make("a", { href, textContent, ariaCurrent: page === current ? "page" : null }),
  );
  return make("nav", { className: "pages", ariaLabel: "Pages" }, ...links);
}

function signOutArea({ name, scope }) {
  const caller = make("span", { textContent: scope === "view" ? `${name}, view only` : name });
  const button = make("button", { type: "button", className: "quiet", textContent: "Sign out" });
  button.addEventListener("click", signOut);
  return make("div", { className: "caller" }, caller, button);
}
