// A recording's timelines: a row for each face, the coverage below, and the playhead across them all.

import { drawAxis, drawCoverage, drawFace } from "../lib/chart.js";
import { labelColour, onSchemeChange, pageColours } from "../lib/colours.js";
import { coverageSentence, coverageTotals } from "../lib/coverage.js";
import { arrangeChildren, byId, make, setText, showText } from "../lib/elements.js";
import { readingText, videoTime } from "../lib/format.js";
import { Surface } from "../lib/surface.js";
import { coverageLines, placeTip, readingLines } from "../lib/tip.js";
import { listen } from "./gestures.js";

const SHORT = 120_000; // ms: a window up to this length shows every reading, a longer one each second
const MAX_ROWS = 8; // unless all faces are shown
const TEXT_INTERVAL = 200; // ms between changes of texts

const ROW = `<div class="gutter"><span class="face-name"></span><span class="label"></span>
  <span class="share"></span></div><div class="plot"><canvas role="slider" tabindex="0"></canvas></div>`;

export class Timelines {
  #overview;
  #readings;
  #window;
  #seek;
  #tracks = byId("tracks");
  #tip = byId("tip");
  #coverage = new Surface(byId("coverage"));
  #axis = new Surface(byId("axis"));
  #colours = pageColours();
  #rows = new Map(); // track: { track, element, canvas, surface, series }
  #maxGap = 0; // ms between two points of a face that belong together
  #hidden = new Set(); // tracks of the faces whose row is shown only with all rows
  #showsAll = false;
  #pointer = null; // { canvas, series: () => Series or null, ratio }
  #drawn = "";
  #textAt = -Infinity; // ms
  #closing = new AbortController();

  constructor({ overview, readings, timeWindow }, seek) {
    this.#overview = overview;
    this.#readings = readings;
    this.#window = timeWindow;
    this.#seek = seek;
    const { signal } = this.#closing;
    this.#listen(this.#coverage.canvas, () => null);
    byId("all-faces").addEventListener("click", () => this.#toggleAll(), { signal });
    onSchemeChange(() => this.#updateColours(), signal);
  }

  close() {
    this.#closing.abort();
    this.#tip.hidden = true;
    byId("rows").replaceChildren();
  }

  /** The window is so short that every reading is drawn. */
  get showsReadings() {
    return this.#window.length <= SHORT;
  }

  hasHiddenRow(track) {
    return this.#hidden.has(track);
  }

  /**
   * Draw the window where it changed, and the playhead.
   * @param {number} time ms: of the playhead
   * @param readings of each face there; null while they are not loaded
   * @param {number} now ms
   */
  draw(time, readings, now) {
    const { started, ended } = this.#window;
    const revisions = [this.#overview.revision, this.showsReadings && this.#readings.revision];
    const drawing = [...revisions, started, ended, this.#axis.size.width, this.#showsAll].join();
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#arrange();
      this.#paint();
      this.#showTip();
      this.#textAt = -Infinity;
    }
    this.#movePlayhead(time);
    if (now - this.#textAt < TEXT_INTERVAL) return;
    this.#textAt = now;
    if (readings !== null) {
      const byTrack = new Map(readings.map((reading) => [reading.track, reading]));
      for (const row of this.#rows.values()) this.#showLabel(row, byTrack.get(row.track), time);
    }
    const totals = coverageTotals(this.#overview.coverage, this.#window);
    setText(byId("sentence"), coverageSentence(totals));
  }

  #updateColours() {
    this.#colours = pageColours();
    this.#drawn = "";
  }

  #toggleAll() {
    this.#showsAll = !this.#showsAll;
    this.#drawn = "";
  }

  // Each face's series in the window: every reading where they are all loaded, else each second.
  #seriesInWindow() {
    const { maxGap } = this.#readings;
    const readings = this.showsReadings ? this.#readings.seriesIn(this.#window) : null;
    if (readings) return { faces: readings, maxGap };
    return { faces: this.#overview.faces, maxGap: this.#overview.maxGap(maxGap) };
  }

  // One row for each face in the window, or for the longest ones; rows that stay keep their elements.
  #arrange() {
    const { started, ended } = this.#window;
    const { faces, maxGap } = this.#seriesInWindow();
    this.#maxGap = maxGap;
    const counts = [...faces].map(([track, series]) => [
      track,
      series.indexOf(ended) - series.indexOf(started),
    ]);
    const present = counts.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
    const shown = present.slice(0, this.#showsAll ? Infinity : MAX_ROWS);
    const tracks = shown.map(([track]) => track).sort((a, b) => a - b);
    this.#hidden = new Set(present.slice(shown.length).map(([track]) => track));
    for (const track of this.#rows.keys()) if (!tracks.includes(track)) this.#rows.delete(track);
    for (const track of tracks) {
      if (!this.#rows.has(track)) this.#rows.set(track, this.#makeRow(track));
      this.#rows.get(track).series = faces.get(track);
    }
    const elements = tracks.map((track) => this.#rows.get(track).element);
    arrangeChildren(byId("rows"), elements);
    this.#showCount(present.length);
  }

  #showCount(count) {
    const without = this.#overview.until > this.#window.started ? "No face in this window." : "Not read yet.";
    showText(byId("no-faces"), count > 0 ? "" : without);
    const more = this.#showsAll ? `Show ${MAX_ROWS} faces only` : `Show all ${count} faces`;
    showText(byId("all-faces"), count > MAX_ROWS ? more : "");
  }

  #makeRow(track) {
    const element = make("div", { className: "row face", innerHTML: ROW });
    element.dataset.track = track;
    const canvas = element.querySelector("canvas");
    canvas.ariaLabel = `Timeline of face ${track}`;
    setText(element.querySelector(".face-name"), `Face ${track}`);
    this.#listen(canvas, () => this.#rows.get(track)?.series ?? null);
    return { track, element, canvas, surface: new Surface(canvas), series: null };
  }

  #paint() {
    for (const { surface, series } of this.#rows.values()) {
      drawFace(surface, series, this.#window, this.#maxGap, this.#colours);
    }
    drawCoverage(this.#coverage, this.#overview.coverage, this.#window, this.#colours);
    drawAxis(this.#axis, this.#window, this.#colours, videoTime);
  }

  // A custom property moves the line in all rows at once.
  #movePlayhead(time) {
    const { style, dataset } = this.#tracks;
    style.setProperty("--playhead", this.#window.ratio(time).toFixed(5));
    dataset.playhead = this.#window.includes(time) ? "in" : "out";
  }

  // Shows a face's label at the playhead.
  #showLabel({ element, canvas }, reading, time) {
    const label = reading ? (reading.label ?? "unsure") : "";
    element.style.setProperty("--label", labelColour(label));
    element.classList.toggle("away", !reading);
    setText(element.querySelector(".label"), label || "not in view");
    setText(element.querySelector(".share"), reading ? readingText(reading).replace(label, "").trim() : "");
    canvas.ariaValueMin = "0";
    canvas.ariaValueMax = String(Math.round(this.#window.duration / 1000));
    canvas.ariaValueNow = String(Math.round(time / 1000));
    canvas.ariaValueText = `${videoTime(time, 1)}, ${reading ? readingText(reading) : "not in view"}`;
  }

  #listen(canvas, series) {
    const timeWindow = this.#window;
    const pointTo = (pointer) => {
      this.#pointer = pointer;
      this.#showTip();
    };
    const on = {
      point: (ratio) => pointTo({ canvas, series, ratio }),
      leave: () => pointTo(null),
      seek: (ratio) => this.#seek(timeWindow.time(ratio)),
      zoom: (factor, ratio) => timeWindow.zoom(timeWindow.length * factor, timeWindow.time(ratio)),
      pan: (share) => timeWindow.pan(share * timeWindow.length),
    };
    listen(canvas, on, this.#closing.signal);
  }

  #showTip() {
    const isShown = Boolean(this.#pointer?.canvas.isConnected);
    this.#tip.hidden = !isShown;
    this.#tracks.dataset.pointer = isShown ? "in" : "out";
    if (!isShown) return;
    const { canvas, ratio } = this.#pointer;
    const time = this.#window.time(ratio);
    const format = (ms) => videoTime(ms, 1);
    const series = this.#pointer.series();
    const lines = series
      ? readingLines(series, time, this.#maxGap, format)
      : coverageLines(this.#overview.coverage, time, format);
    this.#tip.replaceChildren(...lines);
    this.#tracks.style.setProperty("--pointer", ratio.toFixed(5));
    placeTip(this.#tip, canvas, ratio);
  }
}
