// The state of the service and its sources in the header, with the reasons in a list below.

import { make, setText } from "../lib/elements.js";
import { counted } from "../lib/format.js";
import { poll } from "./polling.js";
import { serverNow } from "./server-clock.js";
import { statusOf } from "./source-status.js";
import { fetchReadiness, listSources } from "./sources-api.js";

const POLL_INTERVAL = 10_000; // ms
const FIRST_POLL = 300; // ms; what the page itself shows comes before
const MAX_AGE = 5000; // ms for which sources that the page passed on are not fetched again

const CONTENT = `<summary><span class="dot"></span><span class="text">checking</span></summary><ul></ul>`;

export class Health {
  #element = make("details", { className: "health", id: "health", innerHTML: CONTENT });
  #parts = null; // of /readyz; null: no answer
  #sources = [];
  #passedAt = -Infinity; // ms: when the page passed sources on

  /** @param {HTMLElement} header */
  constructor(header) {
    header.append(this.#element);
    document.addEventListener("click", ({ target }) => {
      if (!this.#element.contains(target)) this.#element.open = false;
    });
    poll(
      () => this.#refresh(),
      () => POLL_INTERVAL,
      FIRST_POLL,
    );
  }

  /** Show these sources, which the page has fetched for itself. */
  passSources(sources) {
    this.#sources = sources;
    this.#passedAt = performance.now();
    if (this.#parts) this.#show();
  }

  async #refresh() {
    const isFresh = performance.now() - this.#passedAt < MAX_AGE;
    try {
      const [parts, sources] = await Promise.all([fetchReadiness(), isFresh ? null : listSources()]);
      this.#parts = parts;
      if (sources) this.#sources = sources;
    } catch {
      this.#parts = null;
    }
    this.#show();
  }

  #show() {
    const statuses = this.#sources.map((source) => ({ source, ...statusOf(source, serverNow()) }));
    const { tone, text } = summaryOf(this.#parts, statuses);
    this.#element.querySelector(".dot").dataset.tone = tone;
    setText(this.#element.querySelector(".text"), text);
    const failing = statuses.filter((status) => status.tone === "bad");
    const lines = [
      ...(this.#parts ?? []).map(({ name, reason }) => `${name}: ${reason || "ready"}`),
      ...failing.map((status) => `${status.source.name}: ${status.text}`),
    ];
    const items = lines.map((textContent) => make("li", { textContent }));
    this.#element.querySelector("ul").replaceChildren(...items);
  }
}

// `parts` of the service, null when it does not answer; `statuses` of its sources.
function summaryOf(parts, statuses) {
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
