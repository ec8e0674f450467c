// The live page: the wall of all sources, or one of them, and the loop that draws.

import { passSources } from "../app/health.js";
import { purposeText } from "../app/purposes.js";
import { idInUrl, onEveryFrame, openPage } from "../app/shell.js";
import { byId, isPageVisible, setText } from "../lib/elements.js";
import { fillLegends } from "../lib/legend.js";
import { controlsOf } from "./source/controls.js";
import { listenToDownloads } from "./source/download.js";
import { openNotice } from "./source/notice.js";
import { SourceView } from "./source/source-view.js";
import { TimeWindow } from "./source/time-window.js";
import { SourceForm } from "./source-form.js";
import { askToRemove, pollSources, showList } from "./source-list.js";
import { Wall } from "./wall/wall.js";

const VIEWED = ["id", "created_at", "picture", "rate"]; // fields whose change needs a new view
const WALL_ID = "/"; // in the URL; no source has such an id

const session = await openPage("live");
const timeWindow = new TimeWindow();
const { onKey, followLive, pan, zoom } = controlsOf(timeWindow);
const wall = new Wall();
const form = new SourceForm(session, onSaved);

let sources = null; // in order; null until the server has answered
let view = null; // of the open source
let openSource = null;
const refresh = pollSources(onSources);

function onSources(newest) {
  sources = newest;
  passSources(newest);
  show();
}

async function onSaved(source) {
  const isNew = !sources.some(({ id }) => id === source.id);
  await refresh();
  location.hash = source.id;
  if (!isNew) return; // the focus stays where it was
  show();
  byId("source-name").focus();
}

// Shows what the URL names: a source, or the wall. A single source needs no wall.
function show() {
  if (sources === null) return;
  const idInHash = idInUrl();
  const onlyOne = sources.length === 1 && idInHash === "" ? sources[0] : null;
  const source = sources.find(({ id }) => id === idInHash) ?? onlyOne;
  byId("welcome").hidden = sources.length > 0;
  const welcome = "Add a camera or a video file to see its faces and their expressions here.";
  setText(byId("welcome-text"), session.scope === "view" ? "Your token cannot add sources." : welcome);
  byId("wall").hidden = sources.length === 0 || source !== null;
  byId("source").hidden = source === null;
  byId("sources").hidden = source === null;
  byId("layout").classList.toggle("wide", source === null);
  open(source);
  const isMissing = source === null && ![WALL_ID, ""].includes(idInHash);
  wall.show(source === null ? sources : [], { isMissing });
  showList(sources, source?.id);
  document.title = source ? `${source.name} · mien` : "mien";
}

function open(source) {
  if (source && openSource && VIEWED.every((name) => openSource[name] === source[name])) view.update(source);
  else {
    view?.close();
    const on = { pan, zoom, removed: refresh };
    view = source ? new SourceView(source, timeWindow, on) : null;
    followLive();
  }
  openSource = source;
  setText(byId("source-purpose"), source ? purposeText(source) : "");
}

listenToDownloads(timeWindow, () => openSource.id);
fillLegends(byId("legend"), byId("coverage-legend"));
for (const button of document.querySelectorAll("[data-add]")) {
  button.addEventListener("click", () => form.open());
}
byId("edit").addEventListener("click", () => form.open(openSource));
byId("remove").addEventListener("click", async () => {
  if (await askToRemove(openSource)) refresh();
});
byId("notice").addEventListener("click", () => openNotice(openSource.id));
document.addEventListener("visibilitychange", () => {
  view?.setVisible(isPageVisible());
  wall.setVisible(isPageVisible());
});
addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if (view) onKey(event);
});
onEveryFrame(() => {
  view?.draw();
  wall.draw();
});
