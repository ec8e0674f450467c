// The buttons that download what the timelines show.

import { download, Problem } from "../../app/http.js";
import { serverNow } from "../../app/server-clock.js";
import { timelinePath } from "../../app/sources-api.js";
import { byId, showText } from "../../lib/elements.js";

export class Download {
  #window;

  /** @param {() => string} sourceId of the open source */
  constructor(timeWindow, sourceId) {
    this.#window = timeWindow;
    for (const button of document.querySelectorAll("#download button")) {
      button.addEventListener("click", () => this.#start(sourceId(), button.dataset.format));
    }
  }

  async #start(id, format) {
    const { started, ended } = this.#window.at(serverNow());
    const [from, to] = [started, ended].map((time) => new Date(time).toISOString());
    const error = byId("download-error");
    showText(error, "");
    try {
      await download(timelinePath(id), { format, from, to });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showText(error, problem.message);
    }
  }
}
