// The row of one face: its name, what it shows now, and its timeline.

import { write } from "../../lib/elements.js";
import { clock, percent } from "../../lib/format.js";
import { COLOURS, LABELS } from "../../lib/labels.js";
import { Levels } from "./joined-series.js";
import { MovingChart } from "./scrolling-chart.js";

const ROW = `<div class="gutter"><span class="who"></span><span class="label"></span><span class="share"></span></div>
  <div class="plot"><canvas role="img" tabindex="0"></canvas></div>`;

export class Row {
  levels = null; // as drawn last; null until it is scrolled to
  isSeen = false; // it is on the screen, or almost

  constructor(face) {
    this.face = face;
    this.element = Object.assign(document.createElement("div"), { className: "row face", innerHTML: ROW });
    this.element.dataset.track = face.track;
    this.canvas = this.element.querySelector("canvas");
    const [who, label, share] = this.element.querySelectorAll("span");
    who.textContent = `Face ${face.track}`;
    this.#places = { label, share };
    this.#chart = new MovingChart(this.canvas);
  }

  #places;
  #chart;

  // `gap` is the longest time between two readings that belong together; all times are ms.
  draw(view, gap, colours, revision) {
    this.levels = new Levels(this.face, view.ended - view.started, gap);
    this.#chart.draw(this.levels, view, gap, colours, revision);
  }

  // Says what the face shows at `now`, or when it left.
  title(now) {
    const { face, element, canvas } = this;
    const inView = face.isInView(now);
    const series = face.readings.length > 0 ? face.readings : face.seconds;
    const number = series.label(series.length - 1);
    const label = number < 0 ? "unsure" : LABELS[number];
    const share = number < 0 ? "" : percent(series.value(series.length - 1, number));
    const colour = COLOURS[label] ?? "var(--muted)";
    if (element.dataset.label !== label) {
      element.dataset.label = label;
      element.style.setProperty("--label", colour);
    }
    write(this.#places.label, inView ? label : "left");
    write(this.#places.share, inView ? share : clock(face.last));
    const title = `Timeline of face ${face.track}: ${inView ? label : `left at ${clock(face.last)}`}. Arrow keys tell values.`;
    if (canvas.getAttribute("aria-label") !== title) canvas.setAttribute("aria-label", title);
  }
}
