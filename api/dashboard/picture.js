// The live picture with what was read in it, each frame with its own readings.

import { openSocket, signOut } from "./access.js";
import { write } from "./elements.js";
import { COLOURS, inkOn } from "./palette.js";
import { Surface } from "./surface.js";
import { clock, percent } from "./words.js";

const WAITING = 40; // frames that may wait for their readings; some 0.9 MB each
const PATIENCE = 3000; // ms that a frame waits for its readings while readings come at all
const NEAR = 0.2; // s between a frame and a reading that is drawn on it
const STALE = 2500; // ms without a frame after which the picture is said to stand still
const PAUSES = [500, 1000, 2000, 4000]; // ms before each new try
const BAD_REQUEST = 4400;
const UNAUTHORISED = 4401;

export class Picture {
  #source;
  #history;
  #surface;
  #words;
  #socket = null;
  #opening = null; // names the attempt that counts; null: nobody looks
  #timer = null;
  #tries = 0;
  #closed = false;
  #frames = []; // { mediaTime, arrived, bitmap }, in order
  #shown = null;
  #shape = ""; // width / height
  #drawn = null; // what was drawn last, so as not to draw it again

  constructor(source, history, canvas, words) {
    this.#source = source;
    this.#history = history;
    this.#surface = new Surface(canvas);
    this.#words = words;
    this.open();
  }

  close() {
    this.#closed = true;
    this.shut();
    for (const frame of [...this.#frames, this.#shown]) frame?.bitmap.close();
    const { context, canvas } = this.#surface;
    context.clearRect(0, 0, canvas.width, canvas.height);
  }

  // Shows the newest frame whose readings are there. `names` says in words how the source stands.
  draw(names) {
    if (this.#source.picture === "none") {
      this.#drawWithout(names);
      return;
    }
    this.#choose(performance.now());
    const still = this.#shown === null || performance.now() - this.#shown.arrived > STALE;
    this.#words.hidden = !still;
    if (still) write(this.#words, this.#stillWords(names));
    this.#surface.canvas.classList.toggle("still", still);
    if (this.#shown === null) return;
    const { width, height } = this.#surface.size;
    const drawing = `${this.#shown.mediaTime} ${width}x${height} ${still}`;
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
    this.#paint(still);
  }

  // Boxes and keypoints alone, for a source whose picture nobody may see.
  #drawWithout(names) {
    write(this.#words, names.tone === "bad" ? names.words : "The picture of this source is not shown.");
    if (this.#history.newestMediaTime === this.#drawn) return;
    this.#drawn = this.#history.newestMediaTime;
    const { width, height } = this.#surface.begin();
    for (const reading of this.#history.readingsAt(this.#drawn, NEAR)) drawReading(this.#surface.context, reading, width, height);
  }

  #stillWords(names) {
    if (this.#shown === null) return names.tone === "good" ? "waiting for a picture" : names.words;
    const since = `no picture since ${clock(this.#shown.at)}`;
    return names.tone === "bad" ? names.words : since;
  }

  // Begins to ask for pictures.
  async open() {
    if (this.#opening !== null || this.#source.picture === "none") return;
    const opening = this.#opening = Symbol("attempt");
    let socket;
    try {
      socket = await openSocket(`/v1/sources/${encodeURIComponent(this.#source.id)}/frames`);
    } catch {
      if (this.#opening === opening) this.#again(0);
      return;
    }
    if (this.#opening !== opening) {
      socket.close();
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = ({ code }) => this.#again(code);
  }

  #again(code) {
    this.#socket = null;
    if (code === UNAUTHORISED) signOut();
    if (code >= BAD_REQUEST) return; // the source is gone, or shows no picture
    this.#opening = null;
    this.#timer = setTimeout(() => this.open(), PAUSES[Math.min(this.#tries, PAUSES.length - 1)]);
    this.#tries += 1;
  }

  // Asks no longer; what was shown stays.
  shut() {
    clearTimeout(this.#timer);
    this.#opening = null;
    if (this.#socket === null) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  async #take(data) {
    this.#tries = 0;
    const mediaTime = Number(new DataView(data).getBigInt64(0, true)) / 1e9;
    const arrived = performance.now();
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
    } catch {
      return; // a damaged picture: the next one follows
    }
    if (this.#closed) {
      bitmap.close();
      return;
    }
    this.#frames.push({ mediaTime, arrived, at: Date.now(), bitmap });
    if (this.#frames.length > WAITING) this.#frames.shift().bitmap.close();
  }

  #choose(now) {
    const { newestMediaTime: read, newestArrived } = this.#history;
    const patience = now - newestArrived < PATIENCE ? PATIENCE : 0; // nobody in view: nothing to wait for
    let ready = -1;
    this.#frames.forEach((frame, index) => {
      if (frame.mediaTime <= read || now - frame.arrived > patience) ready = index;
    });
    if (ready < 0) return;
    const [shown] = this.#frames.splice(ready, 1);
    for (const frame of [...this.#frames.splice(0, ready), this.#shown]) frame?.bitmap.close();
    this.#shown = shown;
  }

  #paint(still) {
    const { bitmap, mediaTime } = this.#shown;
    const { canvas, context } = this.#surface;
    const shape = `${bitmap.width} / ${bitmap.height}`;
    if (shape !== this.#shape) canvas.style.aspectRatio = this.#shape = shape;
    const { width, height } = this.#surface.begin();
    context.drawImage(bitmap, 0, 0, width, height);
    if (still) return;
    for (const reading of this.#history.readingsAt(mediaTime, NEAR)) {
      drawReading(context, reading, width, height);
    }
  }
}

// Box, keypoints and name over a picture of `width` and `height` css px.
export function drawReading(context, reading, width, height) {
  const [left, top, right, bottom] = reading.box;
  const colour = reading.label ? COLOURS[reading.label] : "#e8eaed";
  const box = [left * width, top * height, (right - left) * width, (bottom - top) * height];
  for (const [style, line] of [["rgba(0, 0, 0, 0.55)", 4], [colour, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.setLineDash(reading.label || line === 4 ? [] : [6, 4]);
    context.beginPath();
    context.roundRect(...box, 6);
    context.stroke();
  }
  context.setLineDash([]);
  drawPoints(context, Object.values(reading.keypoints), width, height);
  drawName(context, reading, colour, box, width);
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

function drawName(context, reading, colour, [left, top, wide], width) {
  const text = `Face ${reading.track}  ${spoken(reading)}`;
  context.font = `600 ${width < 480 ? 11 : 13}px system-ui, sans-serif`;
  const room = context.measureText(text).width + 14;
  const x = Math.min(Math.max(left + wide / 2 - room / 2, 2), width - room - 2);
  const y = Math.max(top - 26, 2);
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, room, 21, 5);
  context.fill();
  context.fillStyle = inkOn(colour);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, x + 7, y + 11);
}

const ABSTAINED = { small: "too small", blurred: "blurred", turned: "turned away", unsure: "unsure" };

// A reading's label with its probability, or why there is none.
export function spoken(reading) {
  if (!reading.label) return ABSTAINED[reading.abstained] ?? "unsure";
  return `${reading.label} ${percent(reading.smoothed[reading.label])}`;
}
