// Draws on canvases: a face's stacked probabilities and label spans, the coverage, the axis. All times are ms.

import { COLOURS, COVERAGE, LABELS, STACK, inkOn } from "./palette.js";

const SPANS = 18; // css px: height of the row of labels
const SPACE = 3; // css px between the stack and the labels
const FONT = "11px system-ui, sans-serif";

const ORDER = STACK.map((name) => LABELS.indexOf(name));

// A canvas that knows its size in css px and draws at the screen's own resolution.
export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  // Clears it and returns its width and height in css px; 0 while it is not shown.
  begin() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
    }
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.context.font = FONT;
    return { width, height };
  }
}

// `view` is { started, ended }; `gap` the longest time between two readings that still belong together.
export function drawFace(surface, series, view, gap, colours) {
  const { width, height } = surface.begin();
  const { context } = surface;
  const stack = height - SPANS - SPACE;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, width, stack);
  const x = (time) => ((time - view.started) / (view.ended - view.started)) * width;
  for (const [from, to] of stretches(series, view, gap)) {
    const columns = collect(series, from, to, x, gap);
    drawStack(context, columns, stack);
    for (const run of runs(series, from, to, gap)) {
      const place = { left: x(run.started), right: x(run.ended) };
      if (run.label < 0) hatch(context, place, { top: 0, bottom: height }, colours);
      else drawSpan(context, LABELS[run.label], place, { top: stack + SPACE, height: SPANS });
    }
  }
  context.strokeStyle = colours.surface;
  context.globalAlpha = 0.35;
  context.beginPath();
  context.moveTo(0, stack / 2);
  context.lineTo(width, stack / 2);
  context.stroke();
  context.globalAlpha = 1;
}

export function drawCoverage(surface, coverage, view, colours) {
  const { width, height } = surface.begin();
  const { context } = surface;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, width, height);
  const x = (time) => Math.round(((time - view.started) / (view.ended - view.started)) * width); // no seams
  for (const { started, ended, kind } of coverage) {
    if (ended < view.started || started > view.ended) continue;
    const left = x(started);
    const wide = Math.max(x(ended) - left, kind === "observed" ? 0 : 1); // trouble is never too short to see
    if (kind === "disconnected") {
      hatch(context, { left, right: left + wide }, { top: 0, bottom: height }, colours);
      context.fillStyle = COVERAGE[kind].colour;
      context.fillRect(left, height - 3, wide, 3);
    } else {
      context.fillStyle = COVERAGE[kind].colour;
      context.fillRect(left, 0, wide, height);
    }
  }
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].map((seconds) => seconds * 1000);
const TICK = 76; // css px: the least distance of two times of day

export function drawAxis(surface, view, colours, words) {
  const { width } = surface.begin();
  const { context } = surface;
  const length = view.ended - view.started;
  const step = STEPS.find((ms) => (ms / length) * width >= TICK) ?? STEPS.at(-1);
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let at = Math.ceil(view.started / step) * step; at <= view.ended; at += step) {
    const x = ((at - view.started) / length) * width;
    context.fillRect(Math.round(x), 0, 1, 4);
    if (x > 26 && x < width - 26) context.fillText(words(at), x, 7);
  }
}

// A thin line across, where values are asked for; `ratio` of the width.
export function drawMarker(surface, ratio, colours) {
  const { context, canvas } = surface;
  context.fillStyle = colours.ink;
  context.fillRect(Math.round(ratio * canvas.clientWidth) - 0.5, 0, 1, canvas.clientHeight);
}

// Index ranges [from, to) without a gap, that the view shows; a reading stands until the next.
export function* stretches(series, view, gap) {
  const begin = Math.max(0, series.indexOf(view.started) - 1);
  const end = Math.min(series.length, series.indexOf(view.ended) + 1);
  let from = begin;
  for (let index = begin + 1; index <= end; index += 1) {
    if (index === end || series.time(index) - series.time(index - 1) > gap) {
      if (index > from) yield [from, index];
      from = index;
    }
  }
}

// Means of all readings of each pixel column: { x, tops }, with the tops of the layers from the bottom up, 0..1.
function collect(series, from, to, x, gap) {
  const columns = [];
  let sums = new Float64Array(STACK.length);
  let count = 0;
  for (let index = from; index < to; index += 1) {
    ORDER.forEach((label, layer) => { sums[layer] += series.value(index, label); });
    count += 1;
    const here = x(series.time(index));
    if (index + 1 < to && x(series.time(index + 1)) - columns.at(-1)?.x < 1) continue;
    columns.push({ x: here, tops: tops(sums, count) });
    sums = new Float64Array(STACK.length);
    count = 0;
  }
  const last = columns.at(-1);
  if (columns.length === 1) columns.push({ x: Math.max(x(series.time(to - 1) + gap / 4), last.x + 1), tops: last.tops });
  return columns;
}

function tops(sums, count) {
  const levels = [];
  let level = 0;
  for (const sum of sums) levels.push(level += sum / count);
  return levels.map((value) => value / level); // rounded in the message, so not quite 1
}

function drawStack(context, columns, height) {
  STACK.forEach((name, layer) => {
    context.fillStyle = COLOURS[name];
    context.beginPath();
    for (const { x, tops: levels } of columns) context.lineTo(x, height * (1 - levels[layer]));
    for (let index = columns.length - 1; index >= 0; index -= 1) {
      const below = layer === 0 ? 0 : columns[index].tops[layer - 1];
      context.lineTo(columns[index].x, height * (1 - below) + (layer === 0 ? 0 : 0.5)); // no seam
    }
    context.fill();
  });
}

// Neighbouring readings of one label: { label, started, ended }.
function* runs(series, from, to, gap) {
  let started = from;
  for (let index = from + 1; index <= to; index += 1) {
    if (index < to && series.label(index) === series.label(started)) continue;
    const ended = index < to ? series.time(index) : series.time(to - 1) + (to - from === 1 ? gap / 4 : 0);
    yield { label: series.label(started), started: series.time(started), ended };
    started = index;
  }
}

function drawSpan(context, label, { left, right }, { top, height }) {
  const wide = right - left;
  context.fillStyle = COLOURS[label];
  context.beginPath();
  context.roundRect(left, top, Math.max(wide - 1, 1), height, Math.min(3, wide / 2));
  context.fill();
  const text = context.measureText(label).width;
  const start = Math.max(left, 0);
  if (right - start < text + 12) return;
  context.fillStyle = inkOn(COLOURS[label]);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(label, start + 6, top + height / 2 + 0.5);
}

// Veils what lies there and draws slanted lines over it: nothing is said about this stretch.
function hatch(context, { left, right }, { top, bottom }, colours) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  context.globalAlpha = 0.6;
  context.fillStyle = colours.sunken;
  context.fillRect(left, top, right - left, bottom - top);
  context.strokeStyle = colours.muted;
  context.lineWidth = 1;
  context.beginPath();
  const slant = bottom - top;
  const first = Math.floor((left - slant) / 6) * 6;
  for (let x = first; x < right; x += 6) {
    context.moveTo(x, bottom);
    context.lineTo(x + slant, top);
  }
  context.stroke();
  context.restore();
}
