// A face's timeline on a canvas: stacked probabilities, the spans of its labels below, and gaps left empty.
//
// `options` are { range, maxGap, size: { width, height } }; times are ms, places css px.

import { pageColours, textColourOn } from "./colours.js";
import { LABEL_COLOURS, LABELS, STACK_ORDER } from "./labels.js";

const SPANS_HEIGHT = 18; // css px
const SPACE = 3; // css px between the stack and the spans
const NARROW = 6; // css px: narrower spans touch each other, else their gaps would be all that is seen
const HATCH_DISTANCE = 6; // css px between two lines

export const LAYERS = STACK_ORDER.map((name) => LABELS.indexOf(name));

/** Paint the stack between the places `part.left` and `part.right`, and nothing outside. */
export function paintStack(context, series, options) {
  const { size, part } = options;
  const colours = pageColours();
  const height = size.height - SPANS_HEIGHT - SPACE;
  const { toX, toTime } = scaleOf(options);
  const range = { started: toTime(part.left), ended: toTime(part.right) };
  context.save();
  context.beginPath();
  context.rect(part.left, 0, part.right - part.left, height);
  context.clip();
  context.fillStyle = colours.sunken;
  context.fillRect(part.left, 0, part.right - part.left, height);
  for (const [from, to] of segments(series, range, options.maxGap)) {
    paintLayers(context, columnMeans(series, from, to, toX, options.maxGap), height);
    for (const span of labelSpans(series, from, to, toX, options.maxGap)) {
      if (span.label < 0) hatch(context, span, { top: 0, bottom: height, origin: toX(0) });
    }
  }
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.35;
  context.fillRect(part.left, height / 2 - 0.5, part.right - part.left, 1);
  context.restore();
}

/** Paint the spans of the labels below the stack. */
export function paintSpans(context, series, options) {
  const { size, range, maxGap } = options;
  const top = size.height - SPANS_HEIGHT;
  const { toX } = scaleOf(options);
  context.clearRect(0, top - SPACE, size.width, SPANS_HEIGHT + SPACE);
  for (const [from, to] of segments(series, range, maxGap)) {
    for (const span of labelSpans(series, from, to, toX, maxGap)) {
      if (span.label >= 0) paintSpan(context, span, top);
      else hatch(context, span, { top: top - SPACE, bottom: size.height, origin: toX(0) });
    }
  }
}

function scaleOf({ range, size }) {
  const scale = size.width / (range.ended - range.started);
  return { toX: (time) => (time - range.started) * scale, toTime: (x) => range.started + x / scale };
}

// Yields the index ranges [from, to) without a gap in a range of time; a reading holds until the next.
function* segments(series, range, maxGap) {
  const begin = Math.max(0, series.indexOf(range.started) - 1);
  const end = Math.min(series.length, series.indexOf(range.ended) + 1);
  let from = begin;
  for (let index = begin + 1; index <= end; index += 1) {
    const longest = series.maxGapBefore?.(index) ?? maxGap;
    if (index === end || series.time(index) - series.time(index - 1) > longest) {
      if (index > from) yield [from, index];
      from = index;
    }
  }
}

// The mean of the readings of each pixel column: { x, tops }, tops of the layers from the bottom up, 0..1.
function columnMeans(series, from, to, toX, maxGap) {
  const columns = [];
  let sums = new Float64Array(LAYERS.length);
  let count = 0;
  for (let index = from; index < to; index += 1) {
    for (let layer = 0; layer < LAYERS.length; layer += 1) sums[layer] += series.value(index, LAYERS[layer]);
    count += 1;
    const x = toX(series.time(index));
    if (index + 1 < to && columns.length > 0 && toX(series.time(index + 1)) - columns.at(-1).x < 1) continue;
    columns.push({ x, tops: layerTops(sums, count) });
    sums = new Float64Array(LAYERS.length);
    count = 0;
  }
  const last = columns.at(-1);
  const end = endTime(series, from, to, maxGap);
  if (end > series.time(to - 1)) columns.push({ x: Math.max(toX(end), last.x + 1), tops: last.tops });
  return columns;
}

// The time until which the last reading of a segment holds; a single one is made long enough to be seen.
function endTime(series, from, to, maxGap) {
  const duration = series.durationAt?.(to - 1) ?? 0;
  return series.time(to - 1) + (duration || (to - from === 1 ? maxGap / 4 : 0));
}

function layerTops(sums, count) {
  const tops = new Float64Array(sums.length);
  let top = 0;
  for (let layer = 0; layer < sums.length; layer += 1) {
    top += sums[layer] / count;
    tops[layer] = top;
  }
  return tops.map((value) => value / top); // the API rounds, so that the sum is not quite 1
}

function paintLayers(context, columns, height) {
  STACK_ORDER.forEach((name, layer) => {
    context.fillStyle = LABEL_COLOURS[name];
    context.beginPath();
    for (const { x, tops } of columns) context.lineTo(x, height * (1 - tops[layer]));
    for (let index = columns.length - 1; index >= 0; index -= 1) {
      const below = layer === 0 ? 0 : columns[index].tops[layer - 1];
      context.lineTo(columns[index].x, height * (1 - below) + (layer === 0 ? 0 : 0.5)); // no seam
    }
    context.fill();
  });
}

// Yields neighbouring readings with the same label: its number, and their { left, right }.
function* labelSpans(series, from, to, toX, maxGap) {
  let first = from;
  for (let index = from + 1; index <= to; index += 1) {
    if (index < to && series.label(index) === series.label(first)) continue;
    const ended = index < to ? series.time(index) : endTime(series, from, to, maxGap);
    yield { label: series.label(first), left: toX(series.time(first)), right: toX(ended) };
    first = index;
  }
}

function paintSpan(context, { label, left, right }, top) {
  const name = LABELS[label];
  const width = right - left;
  context.fillStyle = LABEL_COLOURS[name];
  if (width < NARROW) {
    context.fillRect(left, top, Math.max(width, 1), SPANS_HEIGHT);
    return;
  }
  context.beginPath();
  context.roundRect(left, top, width - 1, SPANS_HEIGHT, 3);
  context.fill();
  const start = Math.max(left, 0);
  if (right - start < context.measureText(name).width + 12) return;
  context.fillStyle = textColourOn(LABEL_COLOURS[name]);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(name, start + 6, top + SPANS_HEIGHT / 2 + 0.5);
}

/** Hatch an area that has no label or no signal. The lines begin at x = `origin`, to move with their time. */
export function hatch(context, { left, right }, { top, bottom, origin = 0 }) {
  const colours = pageColours();
  const height = bottom - top;
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, height);
  context.clip();
  context.globalAlpha = 0.6;
  context.fillStyle = colours.sunken;
  context.fillRect(left, top, right - left, height);
  context.strokeStyle = colours.muted;
  context.lineWidth = 1;
  context.beginPath();
  const phase = ((origin % HATCH_DISTANCE) + HATCH_DISTANCE) % HATCH_DISTANCE;
  const first = Math.floor((left - height) / HATCH_DISTANCE) * HATCH_DISTANCE + phase - HATCH_DISTANCE;
  for (let x = first; x < right; x += HATCH_DISTANCE) {
    context.moveTo(x, bottom);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}
