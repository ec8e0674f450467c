// The timelines of a source: a row for each face, the coverage beneath, one axis for all.

import { Surface, drawAxis, drawCoverage, drawFace, drawMarker } from "./chart.js";
import { write } from "./elements.js";
import { COLOURS, LABELS, pageColours } from "./palette.js";
import { coverageAt, placeTip, valuesAt } from "./tip.js";
import { clock, coverageSentence, coverageTotals, percent } from "./words.js";

const PRESENT = 12; // rows for faces in view
const LEFT = 6; // rows for faces that left, the last ones
const STEP = 20; // how many key presses cross the window
const CALM = 250; // ms between changes of words and figures, which nobody could read faster

export class Rows {
  #history;
  #places; // elements: rows, more, coverage, axis, sentence, tip
  #rows = new Map(); // track: row
  #coverage;
  #axis;
  #colours = pageColours();
  #view = null;
  #pointer = null; // { row, ratio }: where values are asked for
  #gap;
  #drawn = "";
  #said = 0;
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #stopped = new AbortController();

  constructor(history, places, rate) {
    this.#history = history;
    this.#places = places;
    this.#gap = Math.max(600, 3000 / rate);
    this.#coverage = new Surface(places.coverage);
    this.#axis = new Surface(places.axis);
    places.rows.replaceChildren();
    this.#listen(places.coverage, null);
    this.#dark.addEventListener("change", () => this.#restyle(), { signal: this.#stopped.signal });
  }

  close() {
    this.#stopped.abort();
    this.#places.tip.hidden = true;
  }

  // Draws the window [ended - length, ended] in ms; nothing when it would look the same.
  draw(ended, length, now) {
    const width = this.#places.axis.clientWidth;
    const drawing = `${this.#history.revision} ${Math.round((ended / length) * width)} ${length} ${width}`;
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#view = { started: ended - length, ended };
      this.#arrange(now);
      this.#paint();
    }
    if (now - this.#said < CALM && now >= this.#said) return;
    this.#said = now;
    for (const row of this.#rows.values()) this.#title(row, now);
    this.#say();
    this.#showTip();
  }

  #restyle() {
    this.#colours = pageColours();
    this.#drawn = "";
  }

  #paint() {
    for (const { surface, face } of this.#rows.values()) {
      drawFace(surface, face.series, this.#view, this.#gap, this.#colours);
    }
    drawCoverage(this.#coverage, this.#history.coverage, this.#view, this.#colours);
    drawAxis(this.#axis, this.#view, this.#colours, clock);
    if (this.#pointer === null) return;
    for (const surface of [this.#coverage, ...[...this.#rows.values()].map((row) => row.surface)]) {
      drawMarker(surface, this.#pointer.ratio, this.#colours);
    }
  }

  // One row for each face that the window shows; those that stay keep theirs.
  #arrange(now) {
    const shown = [...this.#history.faces.values()].filter(({ series }) => this.#isShown(series));
    const present = shown.filter((face) => face.isInView(now)).sort((a, b) => a.track - b.track).slice(0, PRESENT);
    const left = shown.filter((face) => !face.isInView(now)).sort((a, b) => b.series.last - a.series.last);
    const faces = [...present, ...left.slice(0, LEFT)];
    for (const [track, row] of this.#rows) {
      if (faces.includes(row.face)) continue;
      row.element.remove();
      this.#rows.delete(track);
    }
    faces.forEach((face, place) => {
      if (!this.#rows.has(face.track)) this.#rows.set(face.track, this.#makeRow(face));
      const { element } = this.#rows.get(face.track);
      element.classList.toggle("gone", !present.includes(face));
      if (this.#places.rows.children[place] !== element) {
        this.#places.rows.insertBefore(element, this.#places.rows.children[place] ?? null);
      }
    });
    const more = shown.length - faces.length;
    this.#places.more.hidden = faces.length > 0 && more === 0;
    write(this.#places.more, faces.length === 0 ? "No face in this window." : `And ${more} more in this window.`);
  }

  #isShown(series) {
    return series.length > 0 && series.last >= this.#view.started && series.first <= this.#view.ended;
  }

  #makeRow(face) {
    const element = document.createElement("div");
    element.className = "row face";
    element.dataset.track = face.track;
    element.innerHTML = `<div class="gutter"><span class="who"></span><span class="label"></span>
      <span class="share"></span></div><div class="plot"><canvas role="img" tabindex="0"></canvas></div>`;
    const canvas = element.querySelector("canvas");
    const row = { face, element, surface: new Surface(canvas), canvas };
    element.querySelector(".who").textContent = `Face ${face.track}`;
    this.#listen(canvas, row);
    return row;
  }

  #title({ face, element, canvas }, now) {
    const inView = face.isInView(now);
    const last = face.series.length - 1;
    const number = face.series.label(last);
    const label = number < 0 ? "unsure" : LABELS[number];
    element.style.setProperty("--label", COLOURS[label] ?? "var(--muted)");
    write(element.querySelector(".label"), inView ? label : "left");
    const share = number < 0 ? "" : percent(face.series.value(last, number));
    write(element.querySelector(".share"), inView ? share : clock(face.series.last));
    const words = inView ? `${label} ${share}` : `left at ${clock(face.series.last)}`;
    const title = `Timeline of face ${face.track}: ${words}. Arrow keys tell values.`;
    if (canvas.getAttribute("aria-label") !== title) canvas.setAttribute("aria-label", title);
  }

  #say() {
    write(this.#places.sentence, coverageSentence(coverageTotals(this.#history.coverage, this.#view)));
  }

  #listen(canvas, row) {
    const { signal } = this.#stopped;
    const point = (ratio) => {
      this.#pointer = ratio === null ? null : { row, canvas, ratio: Math.min(1, Math.max(0, ratio)) };
      this.#drawn = "";
      this.#showTip();
    };
    canvas.addEventListener("pointermove", ({ offsetX }) => point(offsetX / canvas.clientWidth), { signal });
    canvas.addEventListener("pointerleave", () => point(null), { signal });
    canvas.addEventListener("blur", () => point(null), { signal });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") point(null);
      if (move === undefined) return;
      event.preventDefault();
      const from = this.#pointer?.canvas === canvas ? this.#pointer.ratio : 1;
      point(from + move / STEP);
    }, { signal });
  }

  #showTip() {
    const { tip } = this.#places;
    const asked = this.#pointer;
    tip.hidden = asked === null || this.#view === null || !asked.canvas.isConnected;
    if (tip.hidden) return;
    const at = this.#view.started + asked.ratio * (this.#view.ended - this.#view.started);
    const told = asked.row
      ? valuesAt(asked.row.face.series, at, this.#gap, clock)
      : coverageAt(this.#history.coverage, at, clock);
    tip.replaceChildren(...told);
    placeTip(tip, asked.canvas, asked.ratio);
  }
}
