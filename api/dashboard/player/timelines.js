// A recording's timelines: a row for each face, the coverage below, and the playhead across them all.

import { drawAxis, drawCoverage, drawFace } from "../lib/chart.js";
import { labelColour, pageColours } from "../lib/colours.js";
import { coverageSentence } from "../lib/coverage.js";
import { arrangeChildren, byId, setText, showText } from "../lib/elements.js";
import { readingText, videoTime } from "../lib/format.js";
import { MAX_SECONDS_GAP } from "../lib/series.js";
import { Surface } from "../lib/surface.js";
import { makeTimelineRow } from "../lib/timeline-row.js";
import { coverageLines, readingLines, showTip } from "../lib/tip.js";
import { listen } from "./gestures.js";

const SHORT = 120_000; // ms: a window up to this length shows every reading, a longer one each second
const MAX_ROWS = 8; // unless all faces are shown
const TEXT_INTERVAL = 200; // ms between changes of texts

export class Timelines {
  #overview;
  #readings;
  #window;
  #seek;
  #tracks = byId("tracks");
  #coverage = new Surface(byId("coverage"));
  #axis = new Surface(byId("axis"));
  #rows = new Map(); // track: { track, element, canvas, label, share, surface, series }
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
    this.#listen(this.#coverage.canvas, () => null);
    const toggle = () => {
      this.#showsAll = !this.#showsAll;
    };
    byId("all-faces").addEventListener("click", toggle, { signal: this.#closing.signal });
  }

  close() {
    this.#closing.abort();
    this.#point(null);
    byId("rows").replaceChildren();
  }

  /** The window is so short that every reading is drawn. */
  get showsReadings() {
    return this.#window.length <= SHORT;
  }

  hasHiddenRow(track) {
    return this.#hidden.has(track);
  }

  /** Draw the window where it changed, and the playhead; its `readings` are null until they are loaded. */
  draw(time, readings, now) {
    const { started, ended } = this.#window;
    const revisions = [this.#overview.revision, this.showsReadings && this.#readings.revision];
    const { width } = this.#axis.size;
    const drawing = [...revisions, started, ended, width, this.#showsAll, pageColours().surface].join();
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
    setText(byId("sentence"), coverageSentence(this.#overview.coverage, this.#window));
  }

  // Each face's series in the window: every reading where they are all loaded, else each second.
  #seriesInWindow() {
    const { maxGap } = this.#readings;
    const readings = this.showsReadings ? this.#readings.seriesIn(this.#window) : null;
    if (readings) return { faces: readings, maxGap };
    return { faces: this.#overview.faces, maxGap: Math.max(maxGap, MAX_SECONDS_GAP) };
  }

  // One row for each face in the window, or for the longest ones; rows that stay keep their elements.
  #arrange() {
    const { started, ended } = this.#window;
    const { faces, maxGap } = this.#seriesInWindow();
    this.#maxGap = maxGap;
    const lengthOf = (series) => series.indexOf(ended) - series.indexOf(started);
    const lengths = [...faces].map(([track, series]) => [track, lengthOf(series)]);
    const present = lengths.filter(([, length]) => length > 0).sort(([, a], [, b]) => b - a);
    const shown = present.slice(0, this.#showsAll ? Infinity : MAX_ROWS);
    const tracks = shown.map(([track]) => track).sort((a, b) => a - b);
    this.#hidden = new Set(present.slice(shown.length).map(([track]) => track));
    for (const track of this.#rows.keys()) if (!tracks.includes(track)) this.#rows.delete(track);
    for (const track of tracks) {
      if (!this.#rows.has(track)) this.#rows.set(track, this.#makeRow(track));
      this.#rows.get(track).series = faces.get(track);
    }
    const rows = tracks.map((track) => this.#rows.get(track));
    arrangeChildren(byId("rows"), rows);
    this.#showCount(present.length);
  }

  #showCount(count) {
    const without = this.#overview.until > this.#window.started ? "No face in this window." : "Not read yet.";
    showText(byId("no-faces"), count > 0 ? "" : without);
    const more = this.#showsAll ? `Show ${MAX_ROWS} faces only` : `Show all ${count} faces`;
    showText(byId("all-faces"), count > MAX_ROWS ? more : "");
  }

  #makeRow(track) {
    const row = makeTimelineRow(track, "slider");
    row.canvas.ariaLabel = `Timeline of face ${track}`;
    this.#listen(row.canvas, () => this.#rows.get(track)?.series ?? null);
    return { ...row, track, surface: new Surface(row.canvas), series: null };
  }

  #paint() {
    for (const { surface, series } of this.#rows.values()) {
      drawFace(surface, series, this.#window, this.#maxGap);
    }
    drawCoverage(this.#coverage, this.#overview.coverage, this.#window);
    drawAxis(this.#axis, this.#window, videoTime);
  }

  // A custom property moves the line in all rows at once.
  #movePlayhead(time) {
    const { style, dataset } = this.#tracks;
    style.setProperty("--playhead", this.#window.ratio(time).toFixed(5));
    dataset.playhead = this.#window.includes(time) ? "in" : "out";
  }

  // Shows a face's label at the playhead.
  #showLabel({ element, canvas, label, share }, reading, time) {
    const name = reading ? (reading.label ?? "unsure") : "";
    element.style.setProperty("--label", labelColour(name));
    element.classList.toggle("away", !reading);
    setText(label, name || "not in view");
    setText(share, reading ? readingText(reading).replace(name, "").trim() : "");
    canvas.ariaValueMin = "0";
    canvas.ariaValueMax = String(Math.round(this.#window.duration / 1000));
    canvas.ariaValueNow = String(Math.round(time / 1000));
    canvas.ariaValueText = `${videoTime(time, 1)}, ${reading ? readingText(reading) : "not in view"}`;
  }

  #listen(canvas, series) {
    const timeWindow = this.#window;
    const on = {
      point: (ratio) => this.#point({ canvas, series, ratio }),
      leave: () => this.#point(null),
      seek: (ratio) => this.#seek(timeWindow.time(ratio)),
      zoom: (factor, ratio) => timeWindow.zoom(timeWindow.length * factor, timeWindow.time(ratio)),
      pan: (share) => timeWindow.pan(share * timeWindow.length),
    };
    listen(canvas, on, this.#closing.signal);
  }

  #point(pointer) {
    this.#pointer = pointer;
    this.#showTip();
  }

  #showTip() {
    showTip(this.#tracks, this.#pointer, () => {
      const time = this.#window.time(this.#pointer.ratio);
      const series = this.#pointer.series();
      const format = (ms) => videoTime(ms, 1);
      if (series) return readingLines(series, time, this.#maxGap, format);
      return coverageLines(this.#overview.coverage, time, format);
    });
  }
}
