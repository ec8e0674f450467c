// The list of sources: fetched again and again, and shown beside the source that is open.

import { Problem } from "../app/http.js";
import { poll } from "../app/polling.js";
import { serverNow } from "../app/server-clock.js";
import { idInUrl } from "../app/shell.js";
import { statusOf } from "../app/source-status.js";
import { listSources, removeSource } from "../app/sources-api.js";
import { askInDialog, byId, fitChildren, make, setText, showText } from "../lib/elements.js";

const POLL_INTERVAL = 2000; // ms
const ITEM = `<a><span class="dot"></span><span class="name"></span><span class="text"></span></a>`;

export class SourceList {
  #list = byId("source-list");
  #on;
  #sources = [];

  /** @param {object} on callbacks: changed(sources), lost(problem), restored() */
  constructor(on) {
    this.#on = on;
    poll(
      () => this.refresh(),
      () => POLL_INTERVAL,
    );
  }

  async refresh() {
    try {
      this.#sources = await listSources();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#on.lost(problem);
      return;
    }
    this.#on.restored();
    this.#on.changed(this.#sources);
  }

  /** Show the list. @param {string | undefined} openId id of the source that is open */
  show(openId) {
    const items = fitChildren(this.#list, this.#sources.length, () => make("li", { innerHTML: ITEM }));
    this.#sources.forEach((source, index) => {
      showSource(items[index], source, source.id === openId);
    });
  }

  /** Ask whether to remove a source, and remove it; a failure is shown in the same dialog. */
  async remove(source) {
    setText(byId("remove-title"), `Remove ${source.name}?`);
    let error = "";
    do {
      showText(byId("remove-error"), error);
      if ((await askInDialog(byId("remove-dialog"))) !== "remove") return;
      error = await removalError(source.id);
    } while (error);
    if (idInUrl() === source.id) location.hash = "";
    await this.refresh();
  }
}

function showSource(item, source, isOpen) {
  const link = item.firstChild;
  const { tone, text } = statusOf(source, serverNow());
  link.href = `#${source.id}`;
  link.dataset.tone = tone;
  if (isOpen && !link.ariaCurrent) item.scrollIntoView({ block: "nearest", inline: "nearest" });
  link.ariaCurrent = isOpen ? "true" : null;
  setText(link.querySelector(".name"), source.name);
  setText(link.querySelector(".text"), text);
}

// Removes a source; returns why that failed, "" when it is gone.
async function removalError(id) {
  try {
    await removeSource(id);
    return "";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem.status === 404 ? "" : problem.message;
  }
}
