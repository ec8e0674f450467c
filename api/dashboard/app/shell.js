// What all pages share: the header with its navigation, health and way out, the banner, and the door.

import { clock } from "../lib/format.js";
import { Health } from "./health.js";
import { session, signOut } from "./http.js";
import { letIn } from "./login.js";
import { serverNow } from "./sources-api.js";

const PAGES = [
  ["live", "Live", "./"],
  ["recordings", "Recordings", "recordings.html"],
];
const FRAME = 1000 / 30; // ms; the screen is drawn no oftener, whatever arrives
const PAUSE = 1000; // ms before a server that does not answer is asked again

const banner = Object.assign(document.createElement("p"), {
  className: "banner",
  id: "banner",
  hidden: true,
});
banner.setAttribute("role", "status");
let lostAt = null; // ms
let answer = ""; // what the server said of it, if it answered
let health = null;

// Draws the header, asks for a token if one is needed, and resolves with the session { name, scope, tokens }.
// `current` is "live" or "recordings".
export async function enter(current) {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part behind # names what is shown
    document.getElementById("main").focus();
  });
  const top = document.getElementById("top");
  top.append(wordmark(), navigation(current));
  top.after(banner);
  const who = await admitted();
  health = new Health(top);
  if (who.tokens === "required") top.append(wayOut(who));
  document.body.dataset.scope = who.scope; // what needs more than `view` hides itself by this
  return who;
}

// What the address names behind its #; pages show one thing by it.
export function named() {
  const name = location.hash.slice(1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // nothing is called so
  }
}

// Calls draw(ms) for each frame of the screen that is to be drawn.
export function everyFrame(draw) {
  let drawnAt = 0;
  const beat = (at) => {
    requestAnimationFrame(beat);
    if (at - drawnAt < FRAME - 2) return; // the screen's own beat is not quite regular
    drawnAt = at;
    draw(at);
  };
  requestAnimationFrame(beat);
}

// Tells how all sources stand, where a page knows it already.
export function tellSources(sources) {
  health?.hearSources(sources);
}

export const connection = {
  // `problem` is what the server answered, if it did.
  lost(problem = null) {
    lostAt ??= serverNow();
    if (problem?.status) answer = problem.message;
    banner.textContent = answer
      ? `${answer.replace(/[.;]?$/, ".")} Trying again since ${clock(lostAt)}.`
      : `No connection to the server since ${clock(lostAt)}; trying again.`;
    banner.hidden = false;
  },
  answered() {
    lostAt = null;
    answer = "";
    banner.hidden = true;
  },
};

async function admitted() {
  for (;;) {
    try {
      const who = await session();
      connection.answered();
      if (who) return who;
      await letIn();
    } catch (problem) {
      connection.lost(problem);
      await new Promise((passed) => setTimeout(passed, PAUSE));
    }
  }
}

function wordmark() {
  return Object.assign(document.createElement("a"), {
    className: "wordmark",
    href: "./",
    textContent: "mien",
  });
}

function navigation(current) {
  const nav = Object.assign(document.createElement("nav"), { className: "pages" });
  nav.setAttribute("aria-label", "Pages");
  for (const [page, words, href] of PAGES) {
    const link = Object.assign(document.createElement("a"), { href, textContent: words });
    if (page === current) link.setAttribute("aria-current", "page");
    nav.append(link);
  }
  return nav;
}

function wayOut({ name, scope }) {
  const place = Object.assign(document.createElement("div"), { className: "caller" });
  const words = scope === "view" ? `${name}, view only` : name;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
  button.textContent = "Sign out";
  button.addEventListener("click", signOut);
  place.append(Object.assign(document.createElement("span"), { textContent: words }), button);
  return place;
}
