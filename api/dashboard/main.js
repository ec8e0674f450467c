// The page: which source is chosen, how the timelines are looked at, and one loop that draws it all.

import { fillLegends } from "./legend.js";
import { serverNow } from "./server.js";
import { connection, enter, tellSources } from "./shell.js";
import { Sources } from "./sources.js";
import { Stage } from "./stage.js";

const FRAME = 1000 / 30; // ms; the screen is drawn no oftener, whatever arrives

const find = (id) => document.getElementById(id);

const view = { length: 60_000, pausedAt: null }; // ms
let known = [];
let stage = null;
let chosen = null; // id

const places = {
  name: find("chosen-name"), state: find("chosen-state"),
  picture: find("picture"), pictureWords: find("picture-words"),
  now: find("now"), nobody: find("nobody"),
  rows: find("rows"), more: find("more-rows"), coverage: find("coverage"), axis: find("axis"),
  sentence: find("sentence"), tip: find("tip"),
};

await enter("live");

const sources = new Sources(
  {
    list: find("source-list"), addButtons: [find("add"), find("add-first")],
    addDialog: find("add-dialog"), form: find("add-form"), cancel: find("add-cancel"),
    removeDialog: find("remove-dialog"), removeTitle: find("remove-title"),
  },
  { ...connection, list: listed, choose: (id) => { location.hash = id; } },
);

function listed(list) {
  known = list;
  tellSources(list);
  find("welcome").hidden = known.length > 0;
  find("chosen").hidden = known.length === 0;
  choose(decodeURIComponent(location.hash.slice(1)));
  if (stage) stage.update(known.find(({ id }) => id === chosen));
}

// Shows the source with this id, or the first when there is none such.
function choose(wanted) {
  const source = known.find(({ id }) => id === wanted) ?? known[0];
  if (source?.id === chosen) return;
  stage?.close();
  chosen = source?.id ?? null;
  stage = source ? new Stage(source, places, { ...connection, removed: () => sources.refresh() }) : null;
  document.title = source ? `${source.name} · mien` : "mien";
  sources.show(chosen);
  setPaused(false);
}

function setPaused(paused) {
  view.pausedAt = paused ? serverNow() : null;
  find("pause").setAttribute("aria-pressed", String(paused));
  find("pause").textContent = paused ? "Go on" : "Pause";
}

function setWindow(seconds) {
  view.length = seconds * 1000;
  for (const button of document.querySelectorAll("[data-window]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.window) === seconds));
  }
}

function listenToKeys(event) {
  if (event.target.closest("dialog, input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const seconds = { 1: 10, 2: 60, 3: 600 }[event.key];
  if (seconds) setWindow(seconds);
  else if (event.key === "p" || (event.key === " " && !event.target.closest("button"))) {
    event.preventDefault();
    setPaused(view.pausedAt === null);
  }
}

let drawnAt = 0;
function draw(at) {
  requestAnimationFrame(draw);
  if (at - drawnAt < FRAME - 2) return; // the screen's own beat is not quite regular
  drawnAt = at;
  stage?.draw(view);
}

fillLegends(find("legend"), find("coverage-legend"));
find("pause").addEventListener("click", () => setPaused(view.pausedAt === null));
find("remove").addEventListener("click", () => sources.remove(known.find(({ id }) => id === chosen)));
for (const button of document.querySelectorAll("[data-window]")) {
  button.addEventListener("click", () => setWindow(Number(button.dataset.window)));
}
document.addEventListener("visibilitychange", () => stage?.see(document.visibilityState === "visible"));
addEventListener("hashchange", () => choose(decodeURIComponent(location.hash.slice(1))));
addEventListener("keydown", listenToKeys);
requestAnimationFrame(draw);
