// The list of sources: fetched again and again, and shown beside the source that is open.

import { settled } from "../app/http.js";
import { poll } from "../app/polling.js";
import { serverNow } from "../app/server-clock.js";
import { connection, idInUrl } from "../app/shell.js";
import { statusOf } from "../app/source-status.js";
import { listSources, removeSource } from "../app/sources-api.js";
import { askInDialog, byId, fitChildren, make, setText, showText } from "../lib/elements.js";

const pollInterval = () => 2000; // ms
const ITEM = `<a><span class="dot"></span><span class="name"></span><span class="text"></span></a>`;

/** Pass the sources to a callback again and again; return a function that fetches them at once. */
export function pollSources(onSources) {
  return poll(async () => {
    const { answer, problem } = await settled(listSources());
    if (problem) {
      connection.lost(problem);
      return;
    }
    connection.restored();
    onSources(answer);
  }, pollInterval);
}

/** Show sources in the list. @param {string | undefined} openId id of the source that is open */
export function showList(sources, openId) {
  const items = fitChildren(byId("source-list"), sources.length, () => make("li", { innerHTML: ITEM }));
  for (const [index, source] of sources.entries()) showItem(items[index], source, source.id === openId);
}

/** Ask whether to remove a source, and remove it; return true when it is gone. The dialog shows failures. */
export async function askToRemove({ id, name }) {
  setText(byId("remove-title"), `Remove ${name}?`);
  let error = "";
  do {
    showText(byId("remove-error"), error);
    if ((await askInDialog(byId("remove-dialog"))) !== "remove") return false;
    const { problem } = await settled(removeSource(id));
    error = problem && problem.status !== 404 ? problem.message : "";
  } while (error);
  if (idInUrl() === id) location.hash = "";
  return true;
}

function showItem(item, source, isOpen) {
  const link = item.firstChild;
  const { tone, text } = statusOf(source, serverNow());
  link.href = `#${source.id}`;
  link.dataset.tone = tone;
  if (isOpen && !link.ariaCurrent) item.scrollIntoView({ block: "nearest", inline: "nearest" });
  link.ariaCurrent = isOpen ? "true" : null;
  setText(link.querySelector(".name"), source.name);
  setText(link.querySelector(".text"), text);
}
