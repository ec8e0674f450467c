// The live page: the wall of all sources, or one of them, and the loop that draws.

import { purposeText } from "../app/purposes.js";
import { connection, idInUrl, onEveryFrame, openPage, passSources } from "../app/shell.js";
import { byId, isPageVisible, setText } from "../lib/elements.js";
import { fillLegends } from "../lib/legend.js";
import { Controls } from "./source/controls.js";
import { Download } from "./source/download.js";
import { Notice } from "./source/notice.js";
import { SourceView } from "./source/source-view.js";
import { TimeWindow } from "./source/time-window.js";
import { SourceForm } from "./source-form.js";
import { SourceList } from "./source-list.js";
import { Wall } from "./wall/wall.js";

const VIEWED = ["id", "created_at", "picture", "rate"]; // fields whose change needs a new view
const WALL_ID = "/"; // in the URL; no source has such an id

const session = await openPage("live");
const timeWindow = new TimeWindow();
const controls = new Controls(timeWindow);
const wall = new Wall(byId("tiles"), byId("wall-text"));
const form = new SourceForm(session, onSaved);
const notice = new Notice();

let sources = null; // in order; null until the server has answered
let view = null; // of the open source
let openSource = null;
const list = new SourceList({ ...connection, changed: onChanged });

function onChanged(newest) {
  sources = newest;
  passSources(newest);
  show();
}

async function onSaved(source) {
  const isNew = !sources.some(({ id }) => id === source.id);
  await list.refresh();
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
  wall.show(source === null ? sources : [], {
    isMissing: source === null && ![WALL_ID, ""].includes(idInHash),
  });
  list.show(source?.id);
  document.title = source ? `${source.name} · mien` : "mien";
}

function open(source) {
  if (source && openSource && VIEWED.every((name) => openSource[name] === source[name])) {
    view.update(source);
  } else {
    view?.close();
    const on = { ...connection, ...controls.gestures, removed: () => list.refresh() };
    view = source ? new SourceView(source, timeWindow, on) : null;
    controls.followLive();
  }
  openSource = source;
  setText(byId("source-purpose"), source ? purposeText(source) : "");
}

new Download(timeWindow, () => openSource.id);
fillLegends(byId("legend"), byId("coverage-legend"));
for (const button of document.querySelectorAll("[data-add]")) {
  button.addEventListener("click", () => form.open());
}
byId("edit").addEventListener("click", () => form.open(openSource));
byId("remove").addEventListener("click", () => list.remove(openSource));
byId("notice").addEventListener("click", () => notice.open(openSource.id));
document.addEventListener("visibilitychange", () => {
  view?.setVisible(isPageVisible());
  wall.setVisible(isPageVisible());
});
addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if (view) controls.onKey(event);
});
onEveryFrame(() => {
  view?.draw();
  wall.draw();
});
