// The page of recordings: the list and the form that adds to it, or one recording with its player.

import { attempt } from "../app/error-notice.js";
import { settled } from "../app/http.js";
import { poll } from "../app/polling.js";
import { isUnderWay, progressText, statusOf } from "../app/recording-status.js";
import { cancelRecording, listRecordings, removeRecording } from "../app/recordings-api.js";
import { connection, idInUrl, onEveryFrame, openPage } from "../app/shell.js";
import { askInDialog, byId, isPageVisible, setText, showText } from "../lib/elements.js";
import { counted } from "../lib/format.js";
import { fillLegends } from "../lib/legend.js";
import { RecordingView } from "../player/recording-view.js";
import { AddForm } from "./add-form.js";
import { RecordingList } from "./list.js";

const ACTIVE_INTERVAL = 1000; // ms between requests for the list while something is being read
const IDLE_INTERVAL = 5000; // ms otherwise: others may add recordings, too

let recordings = null; // newest first; null until the server has answered
let view = null; // of the open recording
let openId = null;

const session = await openPage("recordings");
const list = new RecordingList({ cancel, remove });
const pollInterval = () => (recordings?.some(isUnderWay) ? ACTIVE_INTERVAL : IDLE_INTERVAL);
const refresh = poll(fetchList, pollInterval);

async function fetchList() {
  const { answer, problem } = await settled(listRecordings());
  if (problem) {
    connection.lost(problem);
    return;
  }
  connection.restored();
  recordings = answer;
  show();
}

// Shows the list, or the recording that the URL names.
function show() {
  if (recordings === null) return;
  const recording = recordings.find(({ id }) => id === idInUrl());
  byId("recording").hidden = !recording;
  byId("list-view").hidden = Boolean(recording);
  if (recording) showRecording(recording);
  else showList();
}

function showList() {
  const lastId = openId;
  closeRecording();
  document.title = "Recordings · mien";
  list.show(recordings);
  if (lastId) list.focus(lastId);
  setText(byId("list-text"), idInUrl() ? "This recording does not exist (any more)." : countText());
  const canAdd = session.scope !== "view";
  const hint = canAdd
    ? "Drop a video above; its timelines appear as it is read."
    : "Your token cannot add any.";
  showText(byId("no-recordings"), recordings.length > 0 ? "" : `No recordings yet. ${hint}`);
}

function countText() {
  const count = recordings.length;
  const running = recordings.filter(isUnderWay).length;
  if (running > 0) return `${running} of ${count} waiting`;
  return count > 0 ? counted(count, "recording") : "";
}

function showRecording(recording) {
  const { tone, text } = statusOf(recording);
  const progress = progressText(recording);
  setText(byId("recording-name"), recording.name);
  setText(byId("recording-state"), text);
  setText(byId("recording-progress-text"), progress && ` · ${progress}`);
  byId("recording-status").dataset.tone = tone === "good" ? "" : tone;
  byId("recording-progress").hidden = recording.state !== "running";
  byId("recording-progress").value = recording.progress ?? 0;
  byId("recording-cancel").hidden = !isUnderWay(recording);
  byId("recording-remove").hidden = isUnderWay(recording);
  document.title = `${recording.name} · mien`;
  if (recording.id === openId) {
    view.update(recording);
    return;
  }
  closeRecording();
  openId = recording.id;
  view = new RecordingView(recording);
  byId("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

function closeRecording() {
  view?.close();
  view = null;
  openId = null;
}

async function cancel({ id }) {
  if (await attempt(() => cancelRecording(id))) await refresh();
}

async function remove({ id, name }) {
  setText(byId("remove-title"), `Remove ${name}?`);
  if ((await askInDialog(byId("remove-dialog"))) !== "remove") return;
  if (id === openId) {
    closeRecording(); // so that it requests nothing any more
    location.hash = "";
  }
  if (await attempt(() => removeRecording(id))) await refresh();
}

const openRecording = () => recordings.find(({ id }) => id === openId);

fillLegends(byId("legend"), byId("coverage-legend"));
if (session.scope !== "view") new AddForm(session, refresh);
byId("recording-cancel").addEventListener("click", () => cancel(openRecording()));
byId("recording-remove").addEventListener("click", () => remove(openRecording()));
document.addEventListener("visibilitychange", () => {
  if (isPageVisible()) refresh();
});
addEventListener("hashchange", show);
onEveryFrame((now) => view?.draw(now));
