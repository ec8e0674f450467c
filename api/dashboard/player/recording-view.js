// One recording: its video with what was read drawn over it, and timelines that move with it, both ways.

import { Problem } from "../app/http.js";
import { isUnderWay, noteOf } from "../app/recording-status.js";
import { overviewOf, videoPath } from "../app/recordings-api.js";
import { write } from "../lib/elements.js";
import { showFaces } from "../lib/faces-in-view.js";
import { Captions } from "./captions.js";
import { Controls } from "./controls.js";
import { Outcome } from "./face-summary.js";
import { Overlay } from "./overlay.js";
import { Overview } from "./overview.js";
import { Film } from "./player.js";
import { Readings } from "./reading-cache.js";
import { showFigures, showFiles, showShares } from "./results.js";
import { View } from "./time-window.js";
import { Timelines } from "./timelines.js";

const FRESH = 2000; // ms between looks at how far a running job is
const CALM = 250; // ms between changes of who is in view, and looks at which readings are needed
const SHARE = 0.05; // of the time that may be spent on those looks, as they grow with the recording
const JUMP = 1000; // ms between two drawings that are more than playing
const AHEAD = 12_000; // ms of readings that are fetched before they are played

export class Player {
  #recording;
  #places;
  #overview = new Overview();
  #outcome = new Outcome(this.#overview, () => {
    if (!this.#closed) this.#tell();
  });
  #readings;
  #view = new View();
  #film;
  #overlay;
  #timelines;
  #controls;
  #captions;
  #again = -Infinity; // when the overview is worth another look, ms; Infinity during one
  #complete = false; // whether the overview was asked for after the job had ended
  #shown = -Infinity; // when who is in view was shown, ms
  #closed = false;
  #pictures = "here"; // or "away" for now, or "never"
  #told = ""; // the recording that the figures were made of
  #followed = 0; // the moment that the view followed last, ms
  #stopped = new AbortController();

  constructor(recording, places) {
    this.#places = places;
    this.#readings = new Readings(recording.id, recording.rate);
    this.#film = new Film(places.video, recording.start, {
      changed: () => {
        this.#shown = -Infinity;
      },
      told: (pictures) => this.#tellPictures(pictures),
      framed: () => this.#paint(),
    });
    this.#overlay = new Overlay(places.overlay, places.video, recording);
    const known = { overview: this.#overview, readings: this.#readings, view: this.#view };
    this.#timelines = new Timelines(places, known, (time) => this.#film.seek(time));
    this.#captions = new Captions(places.video, this.#film);
    this.#controls = new Controls(
      places,
      { film: this.#film, view: this.#view, captions: this.#captions },
      recording.rate,
    );
    places.stage.style.setProperty("--shape", `${recording.width || 16} / ${recording.height || 9}`);
    this.#listenToZoom();
    places.now.replaceChildren();
    places.screen.dataset.blank = String(!recording.has_video);
    this.update(recording);
    if (recording.has_video) this.#film.open(videoPath(recording.id));
  }

  close() {
    this.#closed = true;
    this.#stopped.abort();
    this.#controls.close();
    this.#timelines.close();
    this.#readings.close();
    this.#captions.close();
    this.#film.close();
  }

  // The recording as the list tells it; its job may be further on.
  update(recording) {
    const hasEnded = this.#recording && isUnderWay(this.#recording) && !isUnderWay(recording);
    this.#recording = recording;
    const duration = recording.duration ?? recording.position ?? 0;
    this.#film.duration = duration * 1000;
    this.#view.extend(Math.max(1000 * duration, this.#overview.until));
    this.#readings.reach(isUnderWay(recording) ? (recording.position ?? 0) : duration, isUnderWay(recording));
    this.#captions.update(recording);
    this.#outcome.update(recording);
    if (hasEnded && this.#again < Infinity) this.#again = -Infinity;
    if (!this.#complete && performance.now() > this.#again) this.#look();
    this.#tell();
  }

  // `now` is ms on the clock of performance.now().
  draw(now) {
    this.#film.tick();
    const time = this.#film.time;
    this.#follow(time);
    const here = this.#readings.has(time) || time > this.#overview.until;
    const readings = this.#readings.at(this.#film.frameTime);
    this.#timelines.draw(time, here ? readings : null, now);
    this.#controls.draw(this.#overview.until);
    this.#paint();
    if (now - this.#shown < CALM) return;
    this.#shown = now;
    if (here) showFaces(this.#places, readings, (track) => this.#timelines.hides(track));
    this.#want(time);
    this.#showZoom();
  }

  // The view goes along with what plays unless somebody moved it away, and to every place that is gone to.
  #follow(time) {
    const before = this.#followed;
    this.#followed = time;
    if (time === before) return;
    const jumped = !this.#film.playing || Math.abs(time - before) > JUMP;
    if (jumped || this.#view.holds(before)) this.#view.follow(time);
  }

  #paint() {
    const time = this.#film.frameTime;
    this.#overlay.draw(this.#readings.at(time), time, this.#readings.revision);
  }

  // The readings that are played next, then those that are looked at.
  #want(time) {
    const ranges = [{ started: time - 1000, ended: time + AHEAD * Math.max(1, this.#film.rate) }];
    if (this.#timelines.isFine) ranges.push(this.#view);
    this.#readings.want(ranges);
  }

  // What is told after the job has ended is all there is; whoever asked before that asks again.
  async #look() {
    const ended = !isUnderWay(this.#recording);
    const began = performance.now();
    this.#again = Infinity;
    let document;
    try {
      document = await overviewOf(this.#recording.id);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // the list says that the server is away, or that it is gone
      this.#again = performance.now() + FRESH;
      return;
    }
    this.#again = performance.now() + Math.max(FRESH, (performance.now() - began) / SHARE);
    if (this.#closed) return;
    this.#complete = ended;
    this.#overview.take(document);
    this.#view.extend(Math.max(this.#film.duration, this.#overview.until));
    this.#tell();
    if (!ended && !isUnderWay(this.#recording)) this.#look();
  }

  #tell() {
    const told = JSON.stringify([this.#recording, this.#overview.revision, this.#outcome.isFinal]);
    if (told === this.#told) return;
    this.#told = told;
    showFigures(this.#places.figures, this.#recording);
    showFiles({ list: this.#places.files, hint: this.#places.noFiles }, this.#recording);
    const { faces, isFinal } = this.#outcome;
    showShares({ list: this.#places.shares, hint: this.#places.sharesHint }, faces, this.#recording, {
      isFinal,
    });
    this.#notice();
  }

  #tellPictures(pictures) {
    this.#pictures = pictures;
    this.#places.screen.dataset.blank = String(pictures === "never");
    this.#notice();
  }

  // What is to be known before one looks at the rest.
  #notice() {
    const { one, notice } = this.#places;
    const isEmpty = !isUnderWay(this.#recording) && this.#overview.revision > 0 && this.#overview.until === 0;
    write(notice, noteOf(this.#recording, { isEmpty, pictures: this.#pictures }));
    notice.hidden = notice.textContent === "";
    Object.assign(one.dataset, { empty: isEmpty, video: this.#recording.has_video });
  }

  #listenToZoom() {
    for (const button of this.#places.zoom.children) {
      button.addEventListener(
        "click",
        () => {
          const seconds = Number(button.dataset.length);
          this.#view.zoom(seconds ? seconds * 1000 : this.#view.duration, this.#film.time);
        },
        { signal: this.#stopped.signal },
      );
    }
  }

  #showZoom() {
    for (const button of this.#places.zoom.children) {
      const length = Number(button.dataset.length) * 1000;
      button.hidden = length >= this.#view.duration;
      const chosen = length ? Math.abs(this.#view.length - length) < 1 : this.#view.isWhole;
      button.setAttribute("aria-pressed", String(chosen));
    }
    this.#places.zoom.hidden = this.#places.zoom.querySelectorAll("button:not([hidden])").length < 2;
  }
}
