// The buttons that download what the timelines show.

import { download, settled } from "../../app/http.js";
import { serverNow } from "../../app/server-clock.js";
import { timelinePath } from "../../app/sources-api.js";
import { byId, showText } from "../../lib/elements.js";

/** @param {() => string} sourceId returns the id of the open source */
export function listenToDownloads(timeWindow, sourceId) {
  for (const button of document.querySelectorAll("#download button")) {
    const range = () => timeWindow.at(serverNow());
    button.addEventListener("click", () => start(sourceId(), button.dataset.format, range()));
  }
}

async function start(id, format, { started, ended }) {
  const [from, to] = [started, ended].map((time) => new Date(time).toISOString());
  const { problem } = await settled(download(timelinePath(id), { format, from, to }));
  showText(byId("download-error"), problem?.message ?? "");
}
