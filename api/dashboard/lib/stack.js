// Paints a face's timeline: its stacked probabilities, the spans of its labels, and nothing where nothing was read.
//
// `how` is { view: { started, ended }, gap, colours, size: { width, height } }; times are ms, places css px.

import { COLOURS, inkOn, LABELS, STACK } from "./labels.js";

const SPANS = 18; // css px: height of the row of labels
const SPACE = 3; // css px between the stack and the labels
const NARROW = 6; // css px: below, spans touch each other, or their gaps would be all there is to see
const SLANT = 6; // css px between two lines of a hatching

const ORDER = STACK.map((name) => LABELS.indexOf(name));

// Paints `how.part` = { left, right } of the stack; what lies outside stays as it is.
export function paintStack(context, series, how) {
  const { size, part, colours } = how;
  const height = size.height - SPANS - SPACE;
  const { x, time } = scaleOf(how);
  const view = { started: time(part.left), ended: time(part.right) };
  context.save();
  context.beginPath();
  context.rect(part.left, 0, part.right - part.left, height);
  context.clip();
  context.fillStyle = colours.sunken;
  context.fillRect(part.left, 0, part.right - part.left, height);
  for (const [from, to] of stretches(series, view, how.gap)) {
    paintLayers(context, collect(series, from, to, x, how.gap), height);
    for (const run of runs(series, from, to, how.gap)) {
      if (run.label < 0)
        hatch(
          context,
          { left: x(run.started), right: x(run.ended) },
          { top: 0, bottom: height, from: x(0) },
          colours,
        );
    }
  }
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.35;
  context.fillRect(part.left, height / 2 - 0.5, part.right - part.left, 1);
  context.restore();
}

// Paints the row of labels beneath the stack.
export function paintSpans(context, series, how) {
  const { size, view, colours } = how;
  const top = size.height - SPANS;
  const { x } = scaleOf(how);
  context.clearRect(0, top - SPACE, size.width, SPANS + SPACE);
  for (const [from, to] of stretches(series, view, how.gap)) {
    for (const run of runs(series, from, to, how.gap)) {
      const place = { left: x(run.started), right: x(run.ended) };
      if (run.label < 0)
        hatch(context, place, { top: top - SPACE, bottom: size.height, from: x(0) }, colours);
      else paintSpan(context, LABELS[run.label], place, { top, height: SPANS });
    }
  }
}

function scaleOf({ view, size }) {
  const scale = size.width / (view.ended - view.started);
  return { x: (time) => (time - view.started) * scale, time: (x) => view.started + x / scale };
}

// Index ranges [from, to) without a gap, that the view shows; a reading stands until the next.
export function* stretches(series, view, gap) {
  const begin = Math.max(0, series.indexOf(view.started) - 1);
  const end = Math.min(series.length, series.indexOf(view.ended) + 1);
  let from = begin;
  for (let index = begin + 1; index <= end; index += 1) {
    const longest = series.gapBefore?.(index) ?? gap;
    if (index === end || series.time(index) - series.time(index - 1) > longest) {
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
    for (let layer = 0; layer < ORDER.length; layer += 1) sums[layer] += series.value(index, ORDER[layer]);
    count += 1;
    const here = x(series.time(index));
    if (index + 1 < to && columns.length > 0 && x(series.time(index + 1)) - columns.at(-1).x < 1) continue;
    columns.push({ x: here, tops: tops(sums, count) });
    sums = new Float64Array(STACK.length);
    count = 0;
  }
  const last = columns.at(-1);
  const end = endOf(series, from, to, gap);
  if (end > series.time(to - 1)) columns.push({ x: Math.max(x(end), last.x + 1), tops: last.tops });
  return columns;
}

// Until when the last reading of a stretch stands; a single one is made long enough to be seen.
function endOf(series, from, to, gap) {
  const holds = series.holds?.(to - 1) ?? 0;
  return series.time(to - 1) + (holds || (to - from === 1 ? gap / 4 : 0));
}

function tops(sums, count) {
  const levels = new Float64Array(sums.length);
  let level = 0;
  for (let layer = 0; layer < sums.length; layer += 1) levels[layer] = level += sums[layer] / count;
  return levels.map((value) => value / level); // rounded in the message, so not quite 1
}

function paintLayers(context, columns, height) {
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
    const ended = index < to ? series.time(index) : endOf(series, from, to, gap);
    yield { label: series.label(started), started: series.time(started), ended };
    started = index;
  }
}

function paintSpan(context, label, { left, right }, { top, height }) {
  const wide = right - left;
  context.fillStyle = COLOURS[label];
  if (wide < NARROW) {
    context.fillRect(left, top, Math.max(wide, 1), height);
    return;
  }
  context.beginPath();
  context.roundRect(left, top, wide - 1, height, 3);
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
// `from` is where the pattern begins, so that it moves with what it covers.
export function hatch(context, { left, right }, { top, bottom, from = 0 }, colours) {
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
  const first = Math.floor((left - slant) / SLANT) * SLANT + (((from % SLANT) + SLANT) % SLANT) - SLANT;
  for (let x = first; x < right; x += SLANT) {
    context.moveTo(x, bottom);
    context.lineTo(x + slant, top);
  }
  context.stroke();
  context.restore();
}
