// The row of one face: its name, its present label, and its timeline.

import { labelColour } from "../../lib/colours.js";
import { setText } from "../../lib/elements.js";
import { clock, percent } from "../../lib/format.js";
import { LABELS } from "../../lib/labels.js";
import { makeTimelineRow } from "../../lib/timeline-row.js";
import { JoinedSeries } from "./joined-series.js";
import { ScrollingChart } from "./scrolling-chart.js";

const OUTAGE_MARGIN = 10_000; // ms: a face read so shortly before an outage was in view when it began

export class FaceRow {
  series = null; // as drawn last; null until the row is scrolled to
  isOnScreen = false; // or almost
  #chart;

  /** @param {import("./face.js").Face} face */
  constructor(face) {
    this.face = face;
    Object.assign(this, makeTimelineRow(face.track, "img"));
    this.#chart = new ScrollingChart(this.canvas);
  }

  draw(range, maxGap, revision) {
    this.series = new JoinedSeries(this.face, range.ended - range.started, maxGap);
    this.#chart.draw(this.series, range, maxGap, revision);
  }

  /** Show the face's label at `now` (ms), or when it left. An outage is coverage, or null. */
  showLabel(now, outage) {
    const { face, element, canvas } = this;
    const series = face.readings.length > 0 ? face.readings : face.seconds;
    const number = series.label(series.length - 1);
    const label = LABELS[number] ?? "unsure";
    if (element.dataset.label !== label) {
      element.dataset.label = label;
      element.style.setProperty("--label", labelColour(label));
    }
    let text = label;
    let detail = number < 0 ? "" : percent(series.value(series.length - 1, number));
    if (!face.isInView(now)) {
      const isUnknown = outage !== null && !face.hasLeft && face.last >= outage.started - OUTAGE_MARGIN;
      text = isUnknown ? "unknown" : "left";
      detail = `${isUnknown ? "since " : ""}${clock(face.last)}`;
    }
    setText(this.label, text);
    setText(this.share, detail);
    const description = `Timeline of face ${face.track}: ${text} ${detail}. Arrow keys read values.`;
    if (canvas.ariaLabel !== description) canvas.ariaLabel = description;
  }
}
