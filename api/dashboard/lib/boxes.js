// Boxes, keypoints and names of faces, drawn over the frame that they were read in.

import { labelColour, textColourOn, UNSURE_ON_PICTURE } from "./colours.js";
import { readingText } from "./format.js";

const NAME_HEIGHT = 21; // css px
const NAME_DISTANCE = 5; // css px between a name and its box

/** Draw readings over a picture of this size (css px): all boxes and keypoints, then the names. */
export function drawReadings(context, readings, width, height) {
  const faces = readings.map((reading) => ({
    reading,
    colour: labelColour(reading.label, UNSURE_ON_PICTURE),
    box: inPixels(reading.box, width, height),
  }));
  for (const face of faces) drawBox(context, face, width, height);
  const names = []; // places of those drawn
  for (const face of faces) drawName(context, face, { width, height }, names);
}

function inPixels([left, top, right, bottom], width, height) {
  return {
    left: left * width,
    top: top * height,
    width: (right - left) * width,
    height: (bottom - top) * height,
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
    context.roundRect(box.left, box.top, box.width, box.height, 6);
    context.stroke();
  }
  context.setLineDash([]);
  drawKeypoints(context, Object.values(reading.keypoints), width, height);
}

function drawKeypoints(context, points, width, height) {
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

// A name lies above its box, or below it where another name is in the way.
function drawName(context, { reading, colour, box }, size, names) {
  const text = `Face ${reading.track}  ${readingText(reading)}`;
  context.font = `600 ${size.width < 480 ? 11 : 13}px system-ui, sans-serif`;
  const width = context.measureText(text).width + 14;
  const x = Math.min(Math.max(box.left + box.width / 2 - width / 2, 2), size.width - width - 2);
  const above = Math.max(box.top - NAME_HEIGHT - NAME_DISTANCE, 2);
  const below = Math.min(box.top + box.height + NAME_DISTANCE, size.height - NAME_HEIGHT - 2);
  const overlaps = (other) =>
    x < other.x + other.width && other.x < x + width && Math.abs(above - other.y) < NAME_HEIGHT;
  const y = names.some(overlaps) ? below : above;
  names.push({ x, y, width });
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, width, NAME_HEIGHT, 5);
  context.fill();
  context.fillStyle = textColourOn(colour);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, x + 7, y + NAME_HEIGHT / 2 + 0.5);
}
