// The list of sources, asked for again and again, and shown beside the chosen one.

import { Problem } from "../app/http.js";
import { named } from "../app/shell.js";
import { listSources, removeSource, serverNow } from "../app/sources-api.js";
import { write } from "../lib/elements.js";
import { stateOf } from "../lib/format.js";

const AGAIN = 2000; // ms between looks at the list

export class Sources {
  #list = document.getElementById("source-list");
  #dialog = document.getElementById("remove-dialog");
  #on;
  #known = [];
  #chosen = null;

  // Calls back on: list(sources), lost(problem), answered().
  constructor(on) {
    this.#on = on;
    this.#repeat();
  }

  async #repeat() {
    try {
      if (document.visibilityState === "visible") await this.refresh();
    } finally {
      setTimeout(() => this.#repeat(), AGAIN);
    }
  }

  async refresh() {
    try {
      this.#known = await listSources();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#on.lost(problem);
      return;
    }
    this.#on.answered();
    this.#on.list(this.#known);
  }

  // Draws the list with one source chosen.
  show(chosen) {
    this.#chosen = chosen;
    while (this.#list.children.length > this.#known.length) this.#list.lastChild.remove();
    this.#known.forEach((source, place) =>
      this.#showOne(this.#list.children[place] ?? this.#list.appendChild(item()), source),
    );
  }

  #showOne(element, source) {
    const link = element.firstChild;
    const { tone, words } = stateOf(source, serverNow());
    link.href = `#${source.id}`;
    link.dataset.tone = tone;
    const chosen = source.id === this.#chosen;
    if (chosen && !link.hasAttribute("aria-current"))
      element.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    write(link.querySelector(".name"), source.name);
    write(link.querySelector(".words"), words);
  }

  // Asks whether to remove a source, and does it; what keeps it from that is told where it was asked.
  async remove(source) {
    document.getElementById("remove-title").textContent = `Remove ${source.name}?`;
    let refused = "";
    do {
      if (!(await this.#isConfirmed(refused))) return;
      refused = await attempt(() => removeSource(source.id));
    } while (refused);
    if (named() === source.id) location.hash = "";
    await this.refresh();
  }

  async #isConfirmed(refused) {
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    const error = document.getElementById("remove-error");
    error.textContent = refused;
    error.hidden = !refused;
    await new Promise((closed) => this.#dialog.addEventListener("close", closed, { once: true }));
    return this.#dialog.returnValue === "remove";
  }
}

// Why it cannot be done; "" when it was done, or somebody else has done it.
async function attempt(act) {
  try {
    await act();
    return "";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem.status === 404 ? "" : problem.message;
  }
}

function item() {
  const element = document.createElement("li");
  element.innerHTML = `<a><span class="dot"></span><span class="name"></span><span class="words"></span></a>`;
  return element;
}
