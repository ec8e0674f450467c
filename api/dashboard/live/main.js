// The live page: the wall of all sources or the chosen one, how its timelines are looked at, and one loop that draws.

import { purposeOf } from "../app/purposes.js";
import { connection, enter, everyFrame, named, tellSources } from "../app/shell.js";
import { write } from "../lib/elements.js";
import { fillLegends } from "../lib/legend.js";
import { Controls } from "./source/controls.js";
import { Take } from "./source/download.js";
import { Notice } from "./source/notice.js";
import { Stage } from "./source/source-view.js";
import { View } from "./source/time-window.js";
import { SourceForm } from "./source-form.js";
import { Sources } from "./source-list.js";
import { Wall } from "./wall/wall.js";

const STAGED = ["id", "created_at", "picture", "rate"]; // what a source's stage is made for
const WALL = "/"; // in the address, after the hash; no source is called so

const find = (id) => document.getElementById(id);

const who = await enter("live");
const view = new View();
const controls = new Controls(view);
const wall = new Wall(find("tiles"), find("wall-words"));
const form = new SourceForm(who.tokens, async (source) => {
  const isNew = !known.some(({ id }) => id === source.id);
  await sources.refresh();
  location.hash = source.id;
  if (!isNew) return; // the focus stays where it was
  show();
  find("chosen-name").focus();
});
const places = {
  name: find("chosen-name"),
  state: find("chosen-state"),
  picture: find("picture"),
  pictureWords: find("picture-words"),
  now: find("now"),
  nobody: find("nobody"),
  plots: find("plots"),
  rows: find("rows"),
  more: find("more-rows"),
  all: find("all-faces"),
  coverage: find("coverage"),
  axis: find("axis"),
  marker: find("marker"),
  sentence: find("sentence"),
  tip: find("tip"),
  said: find("said"),
};

let known = null; // the sources, in order; null until the server has told them
let stage = null;
let chosen = null; // the source on the stage
const sources = new Sources({ ...connection, list: listed });

function listed(list) {
  known = list;
  tellSources(list);
  show();
}

// Shows what the address says: a source, or the wall. A single source needs no wall.
function show() {
  if (known === null) return;
  const wanted = named();
  const source =
    known.find(({ id }) => id === wanted) ?? (known.length === 1 && wanted === "" ? known[0] : null);
  find("welcome").hidden = known.length > 0;
  write(
    find("welcome-words"),
    who.scope === "view"
      ? "Your token may look at sources, but not add any."
      : "Add a camera or a video file, and what its faces show appears here as it happens.",
  );
  find("wall").hidden = known.length === 0 || source !== null;
  find("chosen").hidden = find("sources").hidden = source === null;
  find("layout").classList.toggle("wide", source === null);
  choose(source);
  wall.show(source === null ? known : [], { lacks: source === null && ![WALL, ""].includes(wanted) });
  sources.show(source?.id);
  document.title = source ? `${source.name} · mien` : "mien";
}

function choose(source) {
  if (source && chosen && STAGED.every((name) => chosen[name] === source[name])) {
    stage.update(source);
  } else {
    stage?.close();
    stage = source
      ? new Stage(source, view, places, {
          ...connection,
          ...controls.moves,
          removed: () => sources.refresh(),
        })
      : null;
    controls.follow();
  }
  chosen = source;
  write(find("chosen-purpose"), source ? purposeOf(source) : "");
}

const isSeen = () => document.visibilityState === "visible";

const notice = new Notice();
new Take(view, () => chosen);
fillLegends(find("legend"), find("coverage-legend"));
for (const button of document.querySelectorAll("[data-add]"))
  button.addEventListener("click", () => form.openNew());
find("edit").addEventListener("click", () => form.openFor(chosen));
find("remove").addEventListener("click", () => sources.remove(chosen));
find("notice").addEventListener("click", () => notice.open(chosen.id));
document.addEventListener("visibilitychange", () => {
  stage?.see(isSeen());
  wall.see(isSeen());
});
addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if (stage) controls.press(event);
});
everyFrame(() => {
  stage?.draw();
  wall.draw();
});
