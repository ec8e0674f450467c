// What all pages share: the header with its navigation, health and way out, the banner, and the door.

import { session, signOut } from "./access.js";
import { Health } from "./health.js";
import { letIn } from "./login.js";
import { serverNow } from "./server.js";
import { clock } from "./words.js";

const PAGES = [["live", "Live", "./"], ["recordings", "Recordings", "recordings.html"]];
const PAUSE = 1000; // ms before a server that does not answer is asked again

const banner = Object.assign(document.createElement("p"), { className: "banner", id: "banner", hidden: true });
banner.setAttribute("role", "status");
let lostAt = null; // ms
let health = null;

// Draws the header, asks for a token if one is needed, and resolves with the session { name, scope, tokens }.
// `current` is "live" or "recordings".
export async function enter(current) {
  const top = document.getElementById("top");
  top.append(wordmark(), navigation(current));
  top.after(banner);
  const who = await admitted();
  health = new Health(top);
  if (who.tokens === "required") top.append(wayOut(who));
  document.body.dataset.scope = who.scope; // what needs more than `view` hides itself by this
  return who;
}

// Tells how all sources stand, where a page knows it already.
export function tellSources(sources) {
  health?.hearSources(sources);
}

export const connection = {
  lost() {
    lostAt ??= serverNow();
    banner.textContent = `No connection to the server since ${clock(lostAt)}; trying again.`;
    banner.hidden = false;
  },
  answered() {
    lostAt = null;
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
    } catch {
      connection.lost();
      await new Promise((passed) => setTimeout(passed, PAUSE));
    }
  }
}

function wordmark() {
  return Object.assign(document.createElement("a"), { className: "wordmark", href: "./", textContent: "mien" });
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
