// The state of the service and its sources in the header, with the reasons in a list below.

import { make, setText } from "../lib/elements.js";
import { counted } from "../lib/format.js";
import { poll } from "./polling.js";
import { serverNow } from "./server-clock.js";
import { statusOf } from "./source-status.js";
import { fetchReadiness, listSources } from "./sources-api.js";

const pollInterval = () => 10_000; // ms
const FIRST_POLL = 300; // ms; what the page itself shows comes before
const MAX_AGE = 5000; // ms for which sources that the page passed on are not fetched again

const CONTENT = `<summary><span class="dot"></span><span class="text">checking</span></summary><ul></ul>`;

const health = make("details", { className: "health", id: "health", innerHTML: CONTENT });
let parts = null; // of /readyz; null: no answer
let sources = [];
let passedAt = -Infinity; // ms: when the page passed sources on

/** Show the health in the header. */
export function showHealth(header) {
  header.append(health);
  document.addEventListener("click", ({ target }) => {
    if (!health.contains(target)) health.open = false;
  });
  poll(refresh, pollInterval, FIRST_POLL);
}

/** Show these sources, which the page has fetched for itself. */
export function passSources(newest) {
  sources = newest;
  passedAt = performance.now();
  if (parts) show();
}

async function refresh() {
  const isFresh = performance.now() - passedAt < MAX_AGE;
  try {
    const [readiness, newest] = await Promise.all([fetchReadiness(), isFresh ? null : listSources()]);
    parts = readiness;
    sources = newest ?? sources;
  } catch {
    parts = null;
  }
  show();
}

function show() {
  const statuses = sources.map((source) => ({ source, ...statusOf(source, serverNow()) }));
  const { tone, text } = summaryOf(statuses);
  health.querySelector(".dot").dataset.tone = tone;
  setText(health.querySelector(".text"), text);
  const failing = statuses.filter((status) => status.tone === "bad");
  const lines = [
    ...(parts ?? []).map(({ name, reason }) => `${name}: ${reason || "ready"}`),
    ...failing.map((status) => `${status.source.name}: ${status.text}`),
  ];
  const items = lines.map((textContent) => make("li", { textContent }));
  health.querySelector("ul").replaceChildren(...items);
}

function summaryOf(statuses) {
  if (parts === null) return { tone: "bad", text: "no answer" };
  const broken = parts.filter(({ ready }) => !ready).map(({ name }) => name);
  if (broken.length) return { tone: "bad", text: `not ready: ${broken.join(", ")}` };
  const count = (matches) => statuses.filter(matches).length;
  const failing = count(({ tone }) => tone === "bad");
  if (failing) return { tone: "bad", text: `${counted(failing, "source")} failing` };
  const busy = count(({ tone }) => tone === "busy");
  const dropping = count(({ source, tone }) => tone === "busy" && source.state === "live");
  if (dropping) return { tone: "busy", text: `${counted(dropping, "source")} dropping frames` };
  if (busy) return { tone: "busy", text: `${counted(busy, "source")} connecting` };
  return { tone: "good", text: "all well" };
}
