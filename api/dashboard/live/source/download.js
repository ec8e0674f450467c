// Takes what the timelines show away as a file.

import { download, Problem } from "../../app/http.js";
import { serverNow } from "../../app/sources-api.js";

export class Take {
  #error = document.getElementById("take-error");
  #view;

  // `chosen` is called for the source whose timelines are shown.
  constructor(view, chosen) {
    this.#view = view;
    for (const button of document.querySelectorAll("#take button")) {
      button.addEventListener("click", () => this.#take(chosen().id, button.dataset.format));
    }
  }

  async #take(source, format) {
    const { started, ended } = this.#view.at(serverNow());
    const [from, to] = [started, ended].map((at) => new Date(at).toISOString());
    this.#tell("");
    try {
      await download(`/v1/timelines/${encodeURIComponent(source)}`, { format, from, to });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#tell(problem.message);
    }
  }

  #tell(words) {
    this.#error.textContent = words;
    this.#error.hidden = !words;
  }
}
