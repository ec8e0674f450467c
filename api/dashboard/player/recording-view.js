// The open recording: its video with the readings drawn over it, and its timelines, in step with each other.

import { settled } from "../app/http.js";
import { isUnderWay, noticeText } from "../app/recording-status.js";
import { fetchRecordingOverview, videoPath } from "../app/recordings-api.js";
import { byId, showText } from "../lib/elements.js";
import { showFacesInView } from "../lib/faces-in-view.js";
import { Captions } from "./captions.js";
import { Controls } from "./controls.js";
import { FaceSummary } from "./face-summary.js";
import { Overlay } from "./overlay.js";
import { Overview } from "./overview.js";
import { Player } from "./player.js";
import { ReadingCache } from "./reading-cache.js";
import { showFaceShares, showFigures, showFiles } from "./results.js";
import { Still } from "./still.js";
import { TimeWindow } from "./time-window.js";
import { Timelines } from "./timelines.js";

const EVERY_FRAME_RATE = 25; // readings a second that are assumed where every frame is read
const OVERVIEW_INTERVAL = 2000; // ms between requests for the overview of a running job
const MAX_OVERVIEW_SHARE = 0.05; // of the time is spent on these requests, which grow with the recording
const TEXT_INTERVAL = 250; // ms between changes of texts, and requests for readings
const JUMP = 1000; // ms between two drawings, from which on it was a seek
const MOMENT = 0.001; // s: a picture has no duration
const PRELOAD = 12_000; // ms of readings that are fetched before they are played

export class RecordingView {
  #recording = null;
  #overview = new Overview();
  #summary = new FaceSummary(this.#overview, () => {
    if (!this.#isClosed) this.#showResults();
  });
  #window = new TimeWindow();
  #readings;
  #player;
  #overlay;
  #timelines;
  #controls;
  #captions;
  #still = null; // of a recording that is a picture
  #nextOverviewAt = -Infinity; // ms; Infinity during a request
  #isComplete = false; // the overview was requested after the job's end
  #textAt = -Infinity; // ms
  #isClosed = false;
  #videoState = "ready";
  #shownResults = "";
  #followed = 0; // ms: the moment that the window followed last

  /** @param {object} recording as the API sends it */
  constructor(recording) {
    const rate = recording.rate === "all" ? EVERY_FRAME_RATE : recording.rate;
    const video = byId("video");
    this.#readings = new ReadingCache(recording.id, rate);
    this.#player = new Player(video, recording.start, {
      changed: () => {
        this.#textAt = -Infinity;
      },
      frame: () => this.#drawOverlay(),
      videoState: (state) => this.#onVideoState(state),
    });
    this.#overlay = new Overlay(byId("overlay"), { video, still: byId("still") }, recording);
    this.#captions = new Captions(video, this.#player);
    const parts = { player: this.#player, timeWindow: this.#window, captions: this.#captions };
    this.#controls = new Controls(parts, rate);
    const data = { overview: this.#overview, readings: this.#readings, timeWindow: this.#window };
    this.#timelines = new Timelines(data, (time) => this.#player.seek(time));
    const shape = `${recording.width || 16} / ${recording.height || 9}`;
    byId("video-area").style.setProperty("--shape", shape);
    byId("faces-in-view").replaceChildren();
    Object.assign(byId("player").dataset, { blank: !recording.has_video, kind: recording.kind });
    this.update(recording);
    if (recording.kind === "picture") this.#still = new Still(recording);
    else if (recording.has_video) this.#player.load(videoPath(recording.id));
  }

  close() {
    this.#isClosed = true;
    for (const part of [this.#controls, this.#timelines, this.#readings, this.#captions, this.#player])
      part.close();
    this.#still?.close();
  }

  /** Take the recording's newest state. */
  update(recording) {
    const hasEnded = this.#recording && isUnderWay(this.#recording) && !isUnderWay(recording);
    this.#recording = recording;
    const duration = recording.duration ?? recording.position ?? 0; // s
    this.#player.duration = duration * 1000;
    this.#window.setDuration(Math.max(1000 * duration, this.#overview.until));
    const end = Math.max(duration, MOMENT);
    const readUntil = isUnderWay(recording) ? (recording.position ?? 0) : end;
    this.#readings.setProgress(readUntil, isUnderWay(recording));
    this.#captions.update(recording);
    this.#summary.update(recording);
    if (hasEnded && this.#nextOverviewAt < Infinity) this.#nextOverviewAt = -Infinity;
    if (!this.#isComplete && performance.now() > this.#nextOverviewAt) this.#loadOverview();
    this.#showResults();
  }

  /** @param {number} now ms, by performance.now() */
  draw(now) {
    this.#player.stopAtEnd();
    const { time, frameTime } = this.#player;
    this.#follow(time);
    const isLoaded = this.#readings.has(time) || time > this.#overview.until;
    const readings = this.#readings.readingsAt(frameTime);
    this.#timelines.draw(time, isLoaded ? readings : null, now);
    this.#controls.draw(this.#overview.until);
    this.#drawOverlay();
    if (now - this.#textAt < TEXT_INTERVAL) return;
    this.#textAt = now;
    if (isLoaded) this.#showFaces(readings);
    this.#loadReadings(time);
  }

  // The window follows what plays, unless it was moved away, and every seek.
  #follow(time) {
    const before = this.#followed;
    this.#followed = time;
    if (time === before) return;
    const isSeek = !this.#player.isPlaying || Math.abs(time - before) > JUMP;
    if (isSeek || this.#window.includes(before)) this.#window.follow(time);
  }

  #drawOverlay() {
    const time = this.#player.frameTime;
    const { hasFrame } = this.#player;
    this.#overlay.draw(this.#readings.readingsAt(time), time, this.#readings.revision, { hasFrame });
  }

  #showFaces(readings) {
    showFacesInView(readings, (track) => this.#timelines.hasHiddenRow(track));
    byId("nobody-now").hidden = readings.length > 0;
  }

  // First what is played next, then what the window shows.
  #loadReadings(time) {
    const ranges = [{ started: time - 1000, ended: time + PRELOAD * Math.max(1, this.#player.speed) }];
    if (this.#timelines.showsReadings) ranges.push(this.#window);
    this.#readings.load(ranges);
  }

  // An overview that was requested after the job's end is complete; one before that is requested again.
  async #loadOverview() {
    const hasEnded = !isUnderWay(this.#recording);
    const requestedAt = performance.now();
    this.#nextOverviewAt = Infinity;
    const { answer } = await settled(fetchRecordingOverview(this.#recording.id));
    const spent = answer ? performance.now() - requestedAt : 0;
    this.#nextOverviewAt = performance.now() + Math.max(OVERVIEW_INTERVAL, spent / MAX_OVERVIEW_SHARE);
    if (this.#isClosed || !answer) return; // the list of recordings shows problems
    this.#isComplete = hasEnded;
    this.#overview.add(answer);
    this.#window.setDuration(Math.max(this.#player.duration, this.#overview.until));
    this.#showResults();
    if (!hasEnded && !isUnderWay(this.#recording)) this.#loadOverview();
  }

  #showResults() {
    const { faces, isFinal } = this.#summary;
    const results = JSON.stringify([this.#recording, this.#overview.revision, isFinal]);
    if (results === this.#shownResults) return;
    this.#shownResults = results;
    showFigures(this.#recording);
    showFiles(this.#recording);
    showFaceShares(faces, this.#recording, { isFinal });
    this.#showNotice();
  }

  #onVideoState(state) {
    this.#videoState = state;
    byId("player").dataset.blank = String(state === "unplayable");
    this.#showNotice();
  }

  #showNotice() {
    const isRead = !isUnderWay(this.#recording) && this.#overview.revision > 0;
    const isEmpty = isRead && this.#overview.until === 0 && this.#recording.kind === "video";
    showText(byId("notice"), noticeText(this.#recording, { isEmpty, video: this.#videoState }));
    const { has_video: video, kind } = this.#recording;
    Object.assign(byId("recording").dataset, { empty: isEmpty, video, kind });
  }
}
