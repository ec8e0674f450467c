// The header's word on how the service and its sources stand, with each part's reason beneath.

import { stateOf } from "../lib/format.js";
import { listSources, readiness, serverNow } from "./sources-api.js";

const AGAIN = 10_000; // ms between looks
const FIRST = 300; // ms until the first look; what the page shows comes before
const FRESH = 5000; // ms that a page's own knowledge of the sources spares a look

const PLACE = `<summary><span class="dot"></span><span class="words">looking</span></summary><ul></ul>`;

export class Health {
  #place;
  #parts = null; // as /readyz tells them; null: no answer
  #sources = [];
  #heard = -Infinity; // when a page told of the sources

  constructor(header) {
    this.#place = Object.assign(document.createElement("details"), { className: "health", id: "health" });
    this.#place.innerHTML = PLACE;
    header.append(this.#place);
    document.addEventListener("click", ({ target }) => {
      if (!this.#place.contains(target)) this.#place.open = false;
    });
    setTimeout(() => this.#repeat(), FIRST);
  }

  hearSources(sources) {
    this.#sources = sources;
    this.#heard = performance.now();
    if (this.#parts) this.#show();
  }

  async #repeat() {
    try {
      if (document.visibilityState === "visible") await this.#look();
    } finally {
      setTimeout(() => this.#repeat(), AGAIN);
    }
  }

  async #look() {
    const fresh = performance.now() - this.#heard < FRESH;
    try {
      const [{ parts }, sources] = await Promise.all([readiness(), fresh ? null : listSources()]);
      this.#parts = parts;
      if (sources) this.#sources = sources;
    } catch {
      this.#parts = null;
    }
    this.#show();
  }

  #show() {
    const { tone, words } = verdict(
      this.#parts,
      this.#sources.map((source) => stateOf(source, serverNow())),
    );
    this.#place.querySelector(".dot").dataset.tone = tone;
    this.#place.querySelector(".words").textContent = words;
    const lines = (this.#parts ?? []).map(({ name, reason }) => [name, reason || "ready"]);
    for (const source of this.#sources) {
      const stands = stateOf(source, serverNow());
      if (stands.tone === "bad") lines.push([source.name, stands.words]);
    }
    this.#place
      .querySelector("ul")
      .replaceChildren(
        ...lines.map(([name, said]) =>
          Object.assign(document.createElement("li"), { textContent: `${name}: ${said}` }),
        ),
      );
  }
}

// `parts` of the service, or null when it does not answer; `stands` of its sources.
function verdict(parts, stands) {
  if (parts === null) return { tone: "bad", words: "no answer" };
  const broken = parts.filter(({ ready }) => !ready).map(({ name }) => name);
  if (broken.length) return { tone: "bad", words: `not ready: ${broken.join(", ")}` };
  const red = stands.filter(({ tone }) => tone === "bad").length;
  if (red)
    return {
      tone: "bad",
      words: `${red} of ${stands.length} ${stands.length === 1 ? "source" : "sources"} in trouble`,
    };
  const busy = stands.filter(({ tone }) => tone === "busy").length;
  if (busy)
    return {
      tone: "busy",
      words: `${busy} of ${stands.length} ${stands.length === 1 ? "source" : "sources"} connecting or dropping frames`,
    };
  return { tone: "good", words: "all well" };
}
