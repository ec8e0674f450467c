// What was read, over the picture that it was read in: boxes, keypoints and names.

import { spoken } from "./format.js";
import { COLOURS, inkOn } from "./labels.js";

const HIGH = 21; // css px: a name's height
const APART = 5; // css px between a name and its box

// Boxes and keypoints over a picture of `width` and `height` css px, and the names above them all.
export function drawReadings(context, readings, width, height) {
  const faces = readings.map((reading) => ({
    reading,
    colour: COLOURS[reading.label] ?? "#e8eaed",
    box: placeOf(reading.box, width, height),
  }));
  for (const face of faces) drawBox(context, face, width, height);
  const named = []; // where names lie already
  for (const face of faces) drawName(context, face, { width, height }, named);
}

function placeOf([left, top, right, bottom], width, height) {
  return {
    left: left * width,
    top: top * height,
    wide: (right - left) * width,
    high: (bottom - top) * height,
  };
}

function drawBox(context, { reading, colour, box }, width, height) {
  for (const [style, line] of [
    ["rgba(0, 0, 0, 0.55)", 4],
    [colour, 2],
  ]) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.setLineDash(reading.label || line === 4 ? [] : [6, 4]);
    context.beginPath();
    context.roundRect(box.left, box.top, box.wide, box.high, 6);
    context.stroke();
  }
  context.setLineDash([]);
  drawPoints(context, Object.values(reading.keypoints), width, height);
}

function drawPoints(context, points, width, height) {
  context.fillStyle = "#ffffff";
  context.strokeStyle = "rgba(0, 0, 0, 0.7)";
  context.lineWidth = 1;
  const radius = Math.max(1.4, width / 420);
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x * width, y * height, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

// A name stands above its box, or beneath it where another name stands there already.
function drawName(context, { reading, colour, box }, { width, height }, named) {
  const text = `Face ${reading.track}  ${spoken(reading)}`;
  context.font = `600 ${width < 480 ? 11 : 13}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + 14;
  const x = Math.min(Math.max(box.left + box.wide / 2 - wide / 2, 2), width - wide - 2);
  const above = Math.max(box.top - HIGH - APART, 2);
  const beneath = Math.min(box.top + box.high + APART, height - HIGH - 2);
  const isTaken = (y) =>
    named.some(
      (other) => x < other.x + other.wide && other.x < x + wide && y < other.y + HIGH && other.y < y + HIGH,
    );
  const y = isTaken(above) ? beneath : above;
  named.push({ x, y, wide });
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, wide, HIGH, 5);
  context.fill();
  context.fillStyle = inkOn(colour);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, x + 7, y + HIGH / 2 + 0.5);
}
