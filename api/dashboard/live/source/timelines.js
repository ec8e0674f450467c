// The timelines of a source: a row for each face, the coverage below, and one time axis.

import { drawAxis, drawCoverage } from "../../lib/chart.js";
import { onSchemeChange, pageColours } from "../../lib/colours.js";
import { coverageSentence, coverageTotals } from "../../lib/coverage.js";
import { arrangeChildren, byId, setText } from "../../lib/elements.js";
import { clock, fineClock } from "../../lib/format.js";
import { maxGapAt } from "../../lib/series.js";
import { Surface } from "../../lib/surface.js";
import { coverageLines, placeTip, readingLines } from "../../lib/tip.js";
import { MAX_ROWS, rankFaces } from "./face-order.js";
import { FaceRow } from "./face-row.js";
import { listen } from "./gestures.js";
import { snapToPixels } from "./scrolling-chart.js";

const SHORT = 60_000; // ms: in a window up to this length, times have tenths of a second
const TEXT_INTERVAL = 250; // ms between changes of texts and rows, which nobody could read faster

export class Timelines {
  #history;
  #maxGap; // ms
  #plots = byId("plots");
  #tip = byId("tip");
  #coverage = new Surface(byId("coverage"));
  #axis = new Surface(byId("axis"));
  #colours = pageColours();
  #rows = new Map(); // track: FaceRow
  #first = new Set(); // tracks of the faces that have a row in any case
  #hidden = new Set(); // tracks of the faces whose row is shown only with all rows
  #showsAll = false;
  #segments = []; // of coverage, as drawn
  #range = null; // { started, ended }, as drawn
  #outage = null; // coverage, as drawn
  #drawn = "";
  #arranged = ""; // what the rows were arranged for
  #pointer = null; // { canvas, row or null, ratio }
  #textAt = -Infinity; // ms
  #observer = new IntersectionObserver((entries) => this.#onIntersection(entries), { rootMargin: "200px" });
  #closing = new AbortController();

  /** @param {number} rate readings a second @param {object} on callbacks: pan(share), zoom(factor, ratio) */
  constructor(history, rate, { pan, zoom }) {
    this.#history = history;
    this.#maxGap = maxGapAt(rate);
    byId("rows").replaceChildren();
    const { signal } = this.#closing;
    const on = {
      pan,
      zoom,
      point: (canvas, ratio) => this.#point(canvas, ratio),
      pointByKey: (canvas, change) => this.#pointByKey(canvas, change),
      leave: () => this.#leave(),
    };
    listen(this.#plots, on, signal);
    onSchemeChange(() => this.#updateColours(), signal);
    byId("all-faces").addEventListener("click", () => this.#toggleAll(), { signal });
  }

  close() {
    this.#closing.abort();
    this.#observer.disconnect();
    this.#leave();
  }

  /**
   * Draw what a window shows at `now` (ms), unless nothing has changed.
   * @param {{ outage: object | null, status: string }} state coverage of an outage; the status as text
   */
  draw(timeWindow, now, { outage, status }) {
    const pixels = this.#axis.size.width * this.#axis.scale;
    if (pixels === 0) return;
    const { length } = timeWindow;
    const ended = snapToPixels(timeWindow.at(now).ended, length, pixels);
    const { revision } = this.#history;
    // Late readings of a paused window are drawn with the next second.
    const drawing = [revision, ended, length, pixels, Math.floor(now / 1000)].join();
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#range = { started: ended - length, ended };
      this.#outage = outage;
      this.#arrange(now, `${revision} ${length} ${timeWindow.ended}`);
      this.#paint();
    }
    if (now - this.#textAt < TEXT_INTERVAL && now >= this.#textAt) return;
    this.#textAt = now;
    for (const row of this.#paintedRows()) row.showLabel(now, outage);
    setText(byId("sentence"), this.#sentence(status));
    this.#showTip();
  }

  hasHiddenRow(track) {
    return this.#hidden.has(track);
  }

  #updateColours() {
    this.#colours = pageColours();
    this.#drawn = "";
  }

  #toggleAll() {
    this.#showsAll = !this.#showsAll;
    this.#drawn = "";
    this.#arranged = "";
  }

  #onIntersection(entries) {
    for (const { target, isIntersecting } of entries) {
      const row = this.#rows.get(Number(target.dataset.track));
      if (row) row.isOnScreen = isIntersecting;
    }
    this.#drawn = "";
  }

  // Of hundreds of rows those on the screen, and always the first ones, which are printed.
  #paintedRows() {
    return [...this.#rows.values()].filter(
      ({ isOnScreen, face }) => isOnScreen || this.#first.has(face.track),
    );
  }

  #paint() {
    const { revision, coverage } = this.#history;
    for (const row of this.#paintedRows()) row.draw(this.#range, this.#maxGap, this.#colours, revision);
    this.#segments = coverage.withOpen(this.#outage);
    drawCoverage(this.#coverage, this.#segments, this.#range, this.#colours);
    drawAxis(this.#axis, this.#range, this.#colours, clock);
  }

  #sentence(status) {
    const totals = coverageTotals(this.#segments, this.#range);
    if (Object.keys(totals).length === 0) return `No data in this window yet: ${status}.`;
    return coverageSentence(totals, this.#range.ended - this.#range.started);
  }

  // One row for each face in the window, or for the longest ones; rows that stay keep their elements.
  #arrange(now, reason) {
    const arrangement = `${reason} ${this.#history.faces.size} ${Math.floor(now / TEXT_INTERVAL)}`;
    if (arrangement === this.#arranged) return;
    this.#arranged = arrangement;
    const shown = [...this.#history.faces.values()].filter((face) => this.#isInWindow(face));
    const { first, others } = rankFaces(shown, this.#range, now, this.#first);
    this.#first = new Set(first.map(({ track }) => track));
    this.#hidden = new Set(this.#showsAll ? [] : others.map(({ track }) => track));
    const faces = this.#showsAll ? [...first, ...others] : first;
    this.#removeRowsWithout(new Set(faces));
    const rows = faces.map((face) => this.#rowOf(face, now));
    for (const { element, face } of rows) element.classList.toggle("gone", !face.isInView(now));
    const elements = rows.map(({ element }) => element);
    arrangeChildren(byId("rows"), elements);
    this.#showCount(shown.length);
  }

  #removeRowsWithout(faces) {
    for (const [track, { face, element }] of this.#rows) {
      if (faces.has(face)) continue;
      this.#observer.unobserve(element);
      this.#rows.delete(track);
    }
  }

  #rowOf(face, now) {
    if (!this.#rows.has(face.track)) {
      const row = new FaceRow(face);
      row.showLabel(now, this.#outage);
      this.#observer.observe(row.element);
      this.#rows.set(face.track, row);
    }
    return this.#rows.get(face.track);
  }

  #showCount(count) {
    const [text, button] = [byId("more-rows"), byId("all-faces")];
    button.hidden = count <= MAX_ROWS;
    text.hidden = count > 0 && button.hidden;
    setText(button, this.#showsAll ? `Show ${MAX_ROWS} faces only` : `Show all ${count} faces`);
    const shown = this.#showsAll ? `All ${count}` : `${MAX_ROWS} of the ${count}`;
    setText(text, count === 0 ? "No face in this window." : `${shown} faces in this window are shown.`);
  }

  #isInWindow(face) {
    return !face.isEmpty && face.last >= this.#range.started && face.first <= this.#range.ended;
  }

  #point(canvas, ratio) {
    const row = [...this.#rows.values()].find((each) => each.canvas === canvas) ?? null;
    if (!row?.series && canvas !== this.#coverage.canvas) return;
    this.#pointer = { canvas, row, ratio };
    this.#showTip();
  }

  // Keys move on from the last place on the same canvas, first from its end, and the values are read out.
  #pointByKey(canvas, change) {
    const from = this.#pointer?.canvas === canvas ? this.#pointer.ratio : 1;
    this.#point(canvas, Math.min(1, Math.max(0, from + change)));
    if (this.#tip.hidden) return;
    const lines = [...this.#tip.children].map((line) => line.innerText);
    setText(byId("announcement"), lines.join(", "));
  }

  #leave() {
    this.#pointer = null;
    this.#showTip();
  }

  #showTip() {
    const isShown = this.#pointer !== null && this.#range !== null && this.#pointer.canvas.isConnected;
    const marker = byId("marker");
    this.#tip.hidden = !isShown;
    marker.hidden = !isShown;
    if (!isShown) return;
    const { canvas, row, ratio } = this.#pointer;
    const { started, ended } = this.#range;
    const time = started + ratio * (ended - started);
    const format = ended - started <= SHORT ? fineClock : clock;
    const lines = row ? rowLines(row, time, format) : coverageLines(this.#segments, time, format);
    this.#tip.replaceChildren(...lines);
    placeTip(this.#tip, canvas, ratio);
    const { left, width } = canvas.getBoundingClientRect();
    const x = left - this.#plots.getBoundingClientRect().left + ratio * width;
    marker.style.translate = `${Math.round(x)}px`;
  }
}

// Between two readings that belong together, the nearer one is at most half of the longest gap away.
function rowLines({ series }, time, format) {
  return readingLines(series, time, series.maxGapBefore(series.indexOf(time)) / 2, format);
}
