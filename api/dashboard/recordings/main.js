// The page of recordings: the list and what is added to it, or one of them with its player.

import { attempt } from "../app/error-notice.js";
import { Problem } from "../app/http.js";
import { isUnderWay, pace, standing } from "../app/recording-status.js";
import { cancelRecording, listRecordings, removeRecording } from "../app/recordings-api.js";
import { connection, enter, everyFrame, named } from "../app/shell.js";
import { write } from "../lib/elements.js";
import { fillLegends } from "../lib/legend.js";
import { Player } from "../player/recording-view.js";
import { Adding } from "./add-form.js";
import { RecordingList } from "./list.js";

const SOON = 1000; // ms between looks at the list while something is being read
const LATER = 5000; // ms between looks otherwise: others may add, too

const find = (id) => document.getElementById(id);

const places = {
  one: find("one"),
  screen: find("screen"),
  stage: find("stage"),
  video: find("video"),
  overlay: find("overlay"),
  scrubber: find("scrubber"),
  play: find("play"),
  back: find("back"),
  ahead: find("ahead"),
  time: find("time"),
  speed: find("speed"),
  captions: find("captions"),
  sound: find("sound"),
  full: find("full"),
  now: find("now"),
  nobody: find("nobody-now"),
  nobodyHere: find("nobody-here"),
  notice: find("notice"),
  tracks: find("tracks"),
  rows: find("rows"),
  all: find("all-faces"),
  coverage: find("coverage"),
  axis: find("axis"),
  sentence: find("sentence"),
  tip: find("tip"),
  zoom: find("zoom"),
  figures: find("figures"),
  shares: find("shares"),
  sharesHint: find("shares-hint"),
  files: find("downloads"),
  noFiles: find("no-downloads"),
};

let known = null; // the recordings, newest first; null until the server has told them
let player = null;
let chosen = null; // id of the one whose player is shown
let timer = null;

const list = new RecordingList(find("recording-list"), { cancel, remove });

async function look() {
  try {
    if (document.visibilityState === "visible") await refresh();
  } finally {
    clearTimeout(timer); // another look may have ended meanwhile
    timer = setTimeout(look, known?.some(isUnderWay) ? SOON : LATER);
  }
}

async function refresh() {
  try {
    known = await listRecordings();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    connection.lost(problem);
    return;
  }
  connection.answered();
  show();
}

// Shows the list, or the recording that the address names.
function show() {
  if (known === null) return;
  const wanted = named();
  const recording = known.find(({ id }) => id === wanted);
  find("one").hidden = !recording;
  find("shelf").hidden = Boolean(recording);
  if (recording) showOne(recording);
  else showShelf(wanted);
}

function showShelf(wanted) {
  const before = chosen;
  leave();
  document.title = "Recordings · mien";
  list.show(known);
  if (before) list.focus(before);
  const running = known.filter(isUnderWay).length;
  const words =
    known.length === 0
      ? ""
      : running
        ? `${running} of ${known.length} still to be read`
        : `${known.length} in all`;
  write(find("shelf-words"), wanted ? "The recording that was asked for is not there, or no longer." : words);
  find("no-recordings").hidden = known.length > 0;
  write(
    find("no-recordings"),
    document.body.dataset.scope === "view"
      ? "There is no recording yet. Your token may look at recordings, but not add any."
      : "There is no recording yet. Drop a video above: it is read here, face by face, and its timelines appear while that goes on.",
  );
}

function showOne(recording) {
  const { tone, words } = standing(recording);
  const underWay = isUnderWay(recording);
  write(find("one-name"), recording.name);
  write(find("one-state"), words);
  write(find("one-pace"), pace(recording) && ` · ${pace(recording)}`);
  find("one-standing").dataset.tone = tone === "good" ? "" : tone;
  find("one-progress").hidden = recording.state !== "running";
  find("one-progress").value = recording.progress ?? 0;
  find("one-cancel").hidden = !underWay;
  find("one-remove").hidden = underWay;
  document.title = `${recording.name} · mien`;
  if (recording.id === chosen) {
    player.update(recording);
    return;
  }
  leave();
  chosen = recording.id;
  player = new Player(recording, places);
  find("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

function leave() {
  player?.close();
  player = null;
  chosen = null;
}

async function cancel(recording) {
  if (await attempt(() => cancelRecording(recording.id))) await look();
}

async function remove(recording) {
  const dialog = find("remove-dialog");
  write(find("remove-title"), `Remove ${recording.name}?`);
  write(
    find("remove-words"),
    "Its timelines and files are deleted, and the video where it was uploaded. This cannot be undone.",
  );
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  if (dialog.returnValue !== "remove") return;
  if (recording.id === chosen) {
    leave(); // so that nothing of it is asked for any more
    location.hash = "";
  }
  if (await attempt(() => removeRecording(recording.id))) await look();
}

const who = await enter("recordings");
fillLegends(find("legend"), find("coverage-legend"));
if (who.scope !== "view") {
  new Adding(
    {
      drop: find("drop"),
      pick: find("pick"),
      files: find("files"),
      form: find("media-form"),
      uploads: find("uploads"),
      groundField: find("ground-field"),
      most: find("most"),
    },
    { demanding: who.tokens === "required" },
    look,
  );
}
find("one-cancel").addEventListener("click", () => cancel(known.find(({ id }) => id === chosen)));
find("one-remove").addEventListener("click", () => remove(known.find(({ id }) => id === chosen)));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") look();
});
addEventListener("hashchange", show);
everyFrame((now) => player?.draw(now));
look();
