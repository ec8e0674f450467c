// The timelines of a source: a row for each face, the coverage beneath, one axis for all.

import { drawAxis, drawCoverage } from "../../lib/chart.js";
import { write } from "../../lib/elements.js";
import { clock, coverageSentence, coverageTotals, fineClock } from "../../lib/format.js";
import { pageColours } from "../../lib/labels.js";
import { gapAt } from "../../lib/series.js";
import { Surface } from "../../lib/surface.js";
import { coverageAt, placeTip, valuesAt } from "../../lib/tip.js";
import { ROWS, rank } from "./face-order.js";
import { Row } from "./face-row.js";
import { listen } from "./gestures.js";
import { onPixels } from "./scrolling-chart.js";

const FINE = 60_000; // ms: in a window no longer than this, moments are told in tenths of a second
const CALM = 250; // ms between changes of words, figures and rows, which nobody could read faster

export class Rows {
  #history;
  #places; // elements: plots, rows, more, all, coverage, axis, marker, sentence, tip, said
  #rows = new Map(); // track: row
  #leading = new Set(); // tracks of the faces that come before the others
  #hidden = new Set(); // tracks of the faces that have a row only when all are asked for
  #all = false; // whether every face has a row, however many
  #observer = new IntersectionObserver((entries) => this.#notice(entries), { rootMargin: "200px" });
  #coverage;
  #covered = []; // stretches of coverage as drawn
  #axis;
  #colours = pageColours();
  #gap; // ms
  #shown = null; // { started, ended } as drawn
  #pointer = null; // { row, canvas, ratio }: where values are asked for
  #drawn = "";
  #arranged = ""; // what the rows were chosen for
  #said = -Infinity; // ms
  #stopped = new AbortController();

  // `on` has pan(share) and zoom(factor, ratio).
  constructor(history, places, rate, on) {
    this.#history = history;
    this.#places = places;
    this.#gap = gapAt(rate);
    this.#coverage = new Surface(places.coverage);
    this.#axis = new Surface(places.axis);
    places.rows.replaceChildren();
    const { signal } = this.#stopped;
    listen(places.plots, { ...on, point: (...at) => this.#point(...at), leave: () => this.#leave() }, signal);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.#restyle(), { signal });
    places.all.addEventListener("click", () => this.#toggleAll(), { signal });
  }

  close() {
    this.#stopped.abort();
    this.#observer.disconnect();
    this.#leave();
  }

  // Draws what `view` shows at `now`; nothing when it would look the same. `trouble` is the stretch of coverage
  // that is going on and not told yet, if there is one; `stands` says in words how the source stands.
  draw(view, now, { trouble, stands }) {
    const pixels = this.#axis.size.width * this.#axis.scale;
    if (pixels === 0) return;
    const ended = onPixels(view.at(now).ended, view.length, pixels);
    // What comes late to where the view stands is drawn with the next second.
    const drawing = [this.#history.revision, ended, view.length, pixels, Math.floor(now / 1000)].join();
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#shown = { started: ended - view.length, ended };
      this.#arrange(now, `${this.#history.revision} ${view.length} ${view.ended}`);
      this.#paint(trouble);
    }
    if (now - this.#said < CALM && now >= this.#said) return;
    this.#said = now;
    for (const row of this.#seen()) row.title(now);
    write(this.#places.sentence, this.#sentence(stands));
    this.#showTip();
  }

  // Whether a face of the window has a row only when all are asked for.
  hides(track) {
    return this.#hidden.has(track);
  }

  #restyle() {
    this.#colours = pageColours();
    this.#drawn = "";
  }

  #toggleAll() {
    this.#all = !this.#all;
    this.#drawn = this.#arranged = "";
  }

  #notice(entries) {
    for (const { target, isIntersecting } of entries) {
      const row = this.#rows.get(Number(target.dataset.track));
      if (row) row.isSeen = isIntersecting;
    }
    this.#drawn = "";
  }

  // The rows that are drawn: of hundreds those that are looked at, and always the first ones, also on paper.
  #seen() {
    return [...this.#rows.values()].filter(({ isSeen, face }) => isSeen || this.#leading.has(face.track));
  }

  #paint(trouble) {
    for (const row of this.#seen()) row.draw(this.#shown, this.#gap, this.#colours, this.#history.revision);
    this.#covered = this.#history.coverage.with(trouble);
    drawCoverage(this.#coverage, this.#covered, this.#shown, this.#colours);
    drawAxis(this.#axis, this.#shown, this.#colours, clock);
  }

  #sentence(stands) {
    const { started, ended } = this.#shown;
    const totals = coverageTotals(this.#covered, this.#shown);
    return Object.keys(totals).length > 0
      ? coverageSentence(totals, ended - started)
      : `Nothing told about this window yet: ${stands}.`;
  }

  // One row for each face that the window shows, or for those that were there longest; those that stay keep theirs.
  #arrange(now, why) {
    const reason = `${why} ${this.#history.faces.size} ${Math.floor(now / CALM)}`;
    if (reason === this.#arranged) return;
    this.#arranged = reason;
    const shown = [...this.#history.faces.values()].filter((face) => this.#isShown(face));
    const { first, others } = rank(shown, this.#shown, now, this.#leading);
    this.#leading = new Set(first.map(({ track }) => track));
    this.#hidden = new Set(this.#all ? [] : others.map(({ track }) => track));
    const faces = new Set(this.#all ? [...first, ...others] : first);
    for (const [track, row] of this.#rows) {
      if (faces.has(row.face)) continue;
      this.#observer.unobserve(row.element);
      row.element.remove();
      this.#rows.delete(track);
    }
    [...faces].forEach((face, place) => this.#place(face, place, now));
    this.#sayMore(shown.length);
  }

  #sayMore(count) {
    const { more, all } = this.#places;
    all.hidden = count <= ROWS;
    more.hidden = count > 0 && all.hidden;
    write(all, this.#all ? `Show ${ROWS} faces only` : `Show all ${count} faces`);
    if (count === 0) write(more, "No face in this window.");
    else
      write(
        more,
        this.#all
          ? `All ${count} faces in this window are shown.`
          : `${ROWS} of the ${count} faces in this window are shown.`,
      );
  }

  #place(face, place, now) {
    if (!this.#rows.has(face.track)) this.#rows.set(face.track, this.#makeRow(face, now));
    const { element } = this.#rows.get(face.track);
    element.classList.toggle("gone", !face.isInView(now));
    const { children } = this.#places.rows;
    if (children[place] !== element) this.#places.rows.insertBefore(element, children[place] ?? null);
  }

  #makeRow(face, now) {
    const row = new Row(face);
    row.title(now);
    this.#observer.observe(row.element);
    return row;
  }

  #isShown(face) {
    return !face.isEmpty && face.last >= this.#shown.started && face.first <= this.#shown.ended;
  }

  // A key moves from where values were asked for last, a pointer to where it is.
  #point(canvas, ratio, by) {
    const from = this.#pointer?.canvas === canvas ? this.#pointer.ratio : 1;
    const to = by === "key" ? Math.min(1, Math.max(0, from + ratio)) : ratio;
    const row = [...this.#rows.values()].find((each) => each.canvas === canvas) ?? null;
    if (!row?.levels && canvas !== this.#places.coverage) return;
    this.#pointer = { canvas, row, ratio: to };
    this.#showTip();
    if (by === "key")
      this.#places.said.textContent = [...this.#places.tip.children].map((line) => line.innerText).join(", ");
  }

  #leave() {
    this.#pointer = null;
    this.#showTip();
  }

  #showTip() {
    const { tip, marker, plots } = this.#places;
    const asked = this.#pointer;
    tip.hidden = marker.hidden = asked === null || this.#shown === null || !asked.canvas.isConnected;
    if (tip.hidden) return;
    const at = this.#shown.started + asked.ratio * (this.#shown.ended - this.#shown.started);
    const words = this.#shown.ended - this.#shown.started <= FINE ? fineClock : clock;
    tip.replaceChildren(
      ...(asked.row ? valuesOf(asked.row, at, words) : coverageAt(this.#covered, at, words)),
    );
    placeTip(tip, asked.canvas, asked.ratio);
    const { left, width } = asked.canvas.getBoundingClientRect();
    marker.style.translate = `${Math.round(left - plots.getBoundingClientRect().left + asked.ratio * width)}px`;
  }
}

// Between two readings that belong together, the nearer one is never further away than half of what may be between.
function valuesOf({ levels }, at, words) {
  return valuesAt(levels, at, levels.gapBefore(levels.indexOf(at)) / 2, words);
}
