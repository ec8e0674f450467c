// The timelines of a source: a row for each face, the coverage below, and one time axis.

import { drawAxis, drawCoverage } from "../../lib/chart.js";
import { pageColours } from "../../lib/colours.js";
import { coverageSentence } from "../../lib/coverage.js";
import { arrangeChildren, byId, setText } from "../../lib/elements.js";
import { clock, fineClock } from "../../lib/format.js";
import { maxGapAt } from "../../lib/series.js";
import { Surface } from "../../lib/surface.js";
import { coverageLines, readingLines, showTip } from "../../lib/tip.js";
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
  #coverage = new Surface(byId("coverage"));
  #axis = new Surface(byId("axis"));
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
    const point = (canvas, ratio) => this.#point(canvas, ratio);
    const pointByKey = (canvas, change) => this.#pointByKey(canvas, change);
    listen(this.#plots, { pan, zoom, point, pointByKey, leave: () => this.#leave() }, signal);
    const toggle = () => {
      this.#showsAll = !this.#showsAll;
    };
    byId("all-faces").addEventListener("click", toggle, { signal });
  }

  close() {
    this.#closing.abort();
    this.#observer.disconnect();
    this.#leave();
  }

  /** Draw what a window shows at `now` (ms), unless nothing has changed; `outage` is its coverage or null. */
  draw(timeWindow, now, { outage, status }) {
    const pixels = this.#axis.size.width * this.#axis.scale;
    if (pixels === 0) return;
    const { length } = timeWindow;
    const ended = snapToPixels(timeWindow.at(now).ended, length, pixels);
    const { revision } = this.#history;
    // Late readings of a paused window are drawn with the next second.
    const second = Math.floor(now / 1000);
    const drawing = [revision, ended, length, pixels, second, this.#showsAll, pageColours().surface].join();
    if (drawing !== this.#drawn) {
      this.#drawn = drawing;
      this.#range = { started: ended - length, ended };
      this.#outage = outage;
      this.#arrange(now, `${revision} ${length} ${timeWindow.ended} ${this.#showsAll}`);
      this.#paint();
    }
    if (now - this.#textAt < TEXT_INTERVAL && now >= this.#textAt) return;
    this.#textAt = now;
    for (const row of this.#paintedRows()) row.showLabel(now, outage);
    setText(byId("sentence"), coverageSentence(this.#segments, this.#range, status));
    this.#showTip();
  }

  hasHiddenRow(track) {
    return this.#hidden.has(track);
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
    const rows = [...this.#rows.values()];
    return rows.filter(({ isOnScreen, face }) => isOnScreen || this.#first.has(face.track));
  }

  #paint() {
    const { revision, coverage } = this.#history;
    for (const row of this.#paintedRows()) row.draw(this.#range, this.#maxGap, revision);
    this.#segments = coverage.withOpen(this.#outage);
    drawCoverage(this.#coverage, this.#segments, this.#range);
    drawAxis(this.#axis, this.#range, clock);
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
    arrangeChildren(byId("rows"), rows);
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
    if (this.#range === null || (!row?.series && canvas !== this.#coverage.canvas)) return;
    this.#pointer = { canvas, row, ratio };
    this.#showTip();
  }

  // Keys move on from the last place on the canvas, at first from its end; screen readers read the values.
  #pointByKey(canvas, change) {
    const from = this.#pointer?.canvas === canvas ? this.#pointer.ratio : 1;
    this.#point(canvas, Math.min(1, Math.max(0, from + change)));
    if (this.#pointer === null) return;
    const lines = [...byId("tip").children].map((line) => line.innerText);
    setText(byId("announcement"), lines.join(", "));
  }

  #leave() {
    this.#pointer = null;
    this.#showTip();
  }

  #showTip() {
    showTip(this.#plots, this.#pointer, () => {
      const { row, ratio } = this.#pointer;
      const { started, ended } = this.#range;
      const time = started + ratio * (ended - started);
      const format = ended - started <= SHORT ? fineClock : clock;
      if (!row) return coverageLines(this.#segments, time, format);
      // Between two readings that belong together, the nearer one is at most half of the longest gap away.
      const maxDistance = row.series.maxGapBefore(row.series.indexOf(time)) / 2;
      return readingLines(row.series, time, maxDistance, format);
    });
  }
}
