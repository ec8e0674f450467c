// A recording's timelines: a row for each face, the coverage beneath, and the moment that plays across them all.

import { moment } from "../app/recording-status.js";
import { drawAxis, drawCoverage, drawFace } from "../lib/chart.js";
import { write } from "../lib/elements.js";
import { coverageSentence, coverageTotals, spoken } from "../lib/format.js";
import { COLOURS, pageColours } from "../lib/labels.js";
import { Surface } from "../lib/surface.js";
import { coverageAt, placeTip, valuesAt } from "../lib/tip.js";
import { listen } from "./gestures.js";

const FINE = 120_000; // ms: a view no longer than this shows every reading, a longer one each second
const ROWS = 8; // faces that are shown unless all are asked for
const CALM = 200; // ms between changes of words and figures

export class Timelines {
  #places; // elements: tracks, rows, all, coverage, axis, sentence, tip
  #known; // { overview, readings, view }
  #seek;
  #rows = new Map(); // track: { track, element, canvas, surface, series }
  #coverage;
  #axis;
  #colours = pageColours();
  #gap = 0; // ms: the longest time between two points of a face that still belong together
  #hidden = new Set(); // tracks of the faces in the view that have a row only when all are asked for
  #all = false; // whether every face has a row, however many
  #pointer = null; // { series or null, canvas, ratio }: where values are asked for
  #drawn = "";
  #said = -Infinity; // ms
  #stopped = new AbortController();

  // `seek` is called with the moment (ms) that somebody points to.
  constructor(places, known, seek) {
    this.#places = places;
    this.#known = known;
    this.#seek = seek;
    this.#coverage = new Surface(places.coverage);
    this.#axis = new Surface(places.axis);
    const { signal } = this.#stopped;
    this.#listen(places.coverage, () => null);
    places.all.addEventListener("click", () => this.#toggleAll(), { signal });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.#restyle(), { signal });
  }

  close() {
    this.#stopped.abort();
    this.#places.tip.hidden = true;
    this.#places.rows.replaceChildren();
  }

  // Whether the view is so short that every reading is drawn.
  get isFine() {
    return this.#known.view.length <= FINE;
  }

  // Whether a face of the view has a row only when all are asked for.
  hides(track) {
    return this.#hidden.has(track);
  }

  // Draws the view, and the moment `time` (ms) in it with each face's `readings` there, null while they are not
  // here. Does little when little changed.
  draw(time, readings, now) {
    const { overview, readings: fine, view } = this.#known;
    const width = this.#places.axis.clientWidth;
    const drawing = [
      overview.revision,
      this.isFine && fine.revision,
      view.started,
      view.ended,
      width,
      this.#all,
    ].join();
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#arrange();
      this.#paint();
      this.#showTip();
      this.#said = -Infinity;
    }
    this.#mark(time);
    if (now - this.#said < CALM) return;
    this.#said = now;
    if (readings !== null) {
      const shown = new Map(readings.map((reading) => [reading.track, reading]));
      for (const row of this.#rows.values()) this.#title(row, shown.get(row.track), time);
    }
    write(this.#places.sentence, coverageSentence(coverageTotals(overview.coverage, view)));
  }

  #restyle() {
    this.#colours = pageColours();
    this.#drawn = "";
  }

  #toggleAll() {
    this.#all = !this.#all;
    this.#drawn = "";
  }

  // What each face has in the view: every reading where they are all here, else each second.
  #seriesInView() {
    const { overview, readings, view } = this.#known;
    const fine = this.isFine ? readings.seriesIn(view) : null;
    return fine
      ? { series: fine, gap: readings.gap }
      : { series: overview.faces, gap: overview.gap(readings.gap) };
  }

  // One row for each face in the view, or for those that are longest in it; those that stay keep theirs.
  #arrange() {
    const { view } = this.#known;
    const weights = new Map();
    const { series, gap } = this.#seriesInView();
    this.#gap = gap;
    for (const [track, points] of series) {
      const weight = points.indexOf(view.ended) - points.indexOf(view.started);
      if (weight > 0) weights.set(track, weight);
    }
    const longest = [...weights].sort(([, a], [, b]) => b - a).slice(0, this.#all ? Infinity : ROWS);
    const tracks = longest.map(([track]) => track).sort((a, b) => a - b);
    this.#hidden = new Set([...weights.keys()].filter((track) => !tracks.includes(track)));
    for (const [track, { element }] of this.#rows) {
      if (tracks.includes(track)) continue;
      element.remove();
      this.#rows.delete(track);
    }
    tracks.forEach((track, place) => {
      if (!this.#rows.has(track)) this.#rows.set(track, this.#makeRow(track));
      const row = this.#rows.get(track);
      row.series = series.get(track);
      if (this.#places.rows.children[place] !== row.element) {
        this.#places.rows.insertBefore(row.element, this.#places.rows.children[place] ?? null);
      }
    });
    this.#sayMore(weights.size);
  }

  #sayMore(count) {
    const { overview, view } = this.#known;
    this.#places.nobodyHere.hidden = count > 0;
    write(
      this.#places.nobodyHere,
      overview.until > view.started ? "No face in this stretch." : "Not read yet.",
    );
    this.#places.all.hidden = count <= ROWS;
    write(this.#places.all, this.#all ? `Show the ${ROWS} longest` : `Show all ${count} faces`);
  }

  #makeRow(track) {
    const element = document.createElement("div");
    element.className = "row face";
    element.dataset.track = track;
    element.innerHTML = `<div class="gutter"><span class="who"></span><span class="label"></span>
      <span class="share"></span></div><div class="plot"><canvas role="slider" tabindex="0"></canvas></div>`;
    const canvas = element.querySelector("canvas");
    canvas.setAttribute("aria-label", `Timeline of face ${track}`);
    write(element.querySelector(".who"), `Face ${track}`);
    this.#listen(canvas, () => this.#rows.get(track)?.series ?? null);
    return { track, element, canvas, surface: new Surface(canvas), series: null };
  }

  #paint() {
    const { overview, view } = this.#known;
    for (const { surface, series } of this.#rows.values())
      drawFace(surface, series, view, this.#gap, this.#colours);
    drawCoverage(this.#coverage, overview.coverage, view, this.#colours);
    drawAxis(this.#axis, view, this.#colours, moment);
  }

  // The line of what plays; a custom property moves it in all rows at once.
  #mark(time) {
    const { view } = this.#known;
    const { style, dataset } = this.#places.tracks;
    style.setProperty("--playhead", view.ratio(time).toFixed(5));
    dataset.playhead = view.holds(time) ? "in" : "out";
  }

  // What a face shows at the moment that plays.
  #title({ element, canvas }, reading, time) {
    const label = reading ? (reading.label ?? "unsure") : "";
    element.style.setProperty("--label", COLOURS[label] ?? "var(--muted)");
    element.classList.toggle("away", !reading);
    write(element.querySelector(".label"), label || "not in view");
    write(element.querySelector(".share"), reading ? spoken(reading).replace(label, "").trim() : "");
    canvas.setAttribute("aria-valuemin", "0");
    canvas.setAttribute("aria-valuemax", String(Math.round(this.#known.view.duration / 1000)));
    canvas.setAttribute("aria-valuenow", String(Math.round(time / 1000)));
    canvas.setAttribute("aria-valuetext", `${moment(time, 1)}, ${reading ? spoken(reading) : "not in view"}`);
  }

  #listen(canvas, seriesOf) {
    const { view } = this.#known;
    const point = (pointer) => {
      this.#pointer = pointer;
      this.#showTip();
    };
    listen(
      canvas,
      {
        point: (ratio) => point({ canvas, seriesOf, ratio }),
        leave: () => point(null),
        seek: (ratio) => this.#seek(view.time(ratio)),
        zoom: (factor, ratio) => view.zoom(view.length * factor, view.time(ratio)),
        pan: (share) => view.pan(share * view.length),
      },
      this.#stopped.signal,
    );
  }

  #showTip() {
    const { tip, tracks } = this.#places;
    const asked = this.#pointer;
    tip.hidden = asked === null || !asked.canvas.isConnected;
    tracks.dataset.pointer = tip.hidden ? "out" : "in";
    if (tip.hidden) return;
    const { overview, view } = this.#known;
    const at = view.time(asked.ratio);
    const words = (time) => moment(time, 1);
    const series = asked.seriesOf();
    const told = series ? valuesAt(series, at, this.#gap, words) : coverageAt(overview.coverage, at, words);
    tip.replaceChildren(...told);
    tracks.style.setProperty("--pointer", asked.ratio.toFixed(5));
    placeTip(tip, asked.canvas, asked.ratio);
  }
}
