// One source on the wall: its picture, its status, the faces in view, and its last ten minutes.

import { serverNow } from "../../app/server-clock.js";
import { connection } from "../../app/shell.js";
import { outageOf, statusOf } from "../../app/source-status.js";
import { labelColour, pageColours, UNSURE_ON_PICTURE } from "../../lib/colours.js";
import { fitChildren, make, setText } from "../../lib/elements.js";
import { clock, readingText } from "../../lib/format.js";
import { Surface } from "../../lib/surface.js";
import { loadOverview } from "../overview.js";
import { Subscription } from "../subscription.js";
import { LENGTH, RecentSummary } from "./recent-summary.js";
import { drawStrip } from "./strip.js";

const HISTORY = "-3s"; // sent as single readings; the overview has what was before
const MAX_NAMED = 4; // faces on the picture
const TEXT_INTERVAL = 250; // ms between changes of texts
const STALE = 5000; // ms without a new picture after which it is dimmed; tiles take turns

const TILE = `<a><span class="screen"><canvas class="preview" aria-hidden="true"></canvas>
  <span class="picture-state"></span><span class="faces"></span></span>
  <span class="caption"><span class="dot"></span><span class="name"></span><span class="text"></span></span>
  <canvas class="strip" aria-hidden="true"></canvas></a>`;

export class Tile {
  element = make("li", { className: "tile", innerHTML: TILE });
  #source;
  #summary = null;
  #subscription = null; // null: closed
  #preview = new Surface(this.#find("preview"));
  #strip = new Surface(this.#find("strip"));
  #link = this.element.firstChild;
  #mediaTime = null; // of the picture that is shown
  #pictureAt = null; // ms: when that came
  #textAt = -Infinity; // ms: when texts changed last
  #drawn = "";

  /** @param {object} source as the API sends it */
  constructor(source) {
    this.#link.href = `#${source.id}`;
    this.update(source);
  }

  get id() {
    return this.#source.id;
  }

  get picture() {
    return this.#source.picture;
  }

  get hasPicture() {
    return this.#source.state === "live" && this.picture !== "none";
  }

  /** Width of the picture in device pixels. */
  get pixels() {
    return Math.max(1, Math.round(this.#preview.size.width * this.#preview.scale));
  }

  /** Take the source's newest state. A change of how its picture is shown clears the picture. */
  update(source) {
    const { canvas, context } = this.#preview;
    if (source.picture !== this.#source?.picture) context.clearRect(0, 0, canvas.width, canvas.height);
    this.#source = source;
  }

  /** Follow the source, from its past on. */
  open() {
    if (this.#subscription) return;
    this.#summary = new RecentSummary(this.#source.rate);
    this.#subscription = new Subscription(this.id, HISTORY, {
      message: (message) => this.#summary.add(message),
      heartbeat: () => this.#summary.dropOld(serverNow()),
      missed: () => this.#loadPast(),
      connected: connection.restored,
      lost: connection.lost,
      removed: () => {}, // the list of sources says it as well
    });
    this.#loadPast();
  }

  close() {
    this.#subscription?.close();
    this.#subscription = null;
  }

  /** Show a bitmap, unless the picture is shown in another way than when it was requested. */
  show(bitmap, picture, mediaTime) {
    if (picture !== this.picture) return;
    if (mediaTime !== this.#mediaTime) this.#pictureAt = serverNow();
    this.#mediaTime = mediaTime;
    const { canvas, context } = this.#preview;
    const { width, height } = bitmap;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(bitmap, 0, 0);
  }

  draw(now) {
    if (!this.#subscription) return;
    const { width } = this.#strip.size;
    const drawing = `${Math.floor(now / 1000)} ${width} ${pageColours().surface}`;
    if (drawing !== this.#drawn && width > 0) {
      this.#drawn = drawing;
      drawStrip(this.#strip, this.#summary, now, outageOf(this.#source, now));
    }
    if (now - this.#textAt < TEXT_INTERVAL && now >= this.#textAt) return;
    this.#textAt = now;
    this.#showTexts(now);
  }

  #showTexts(now) {
    const { tone, text } = statusOf(this.#source, now, this.#summary.lag);
    if (this.#link.dataset.tone !== tone) this.#link.dataset.tone = tone;
    setText(this.#find("name"), this.#source.name);
    setText(this.#find("text"), text);
    const isStale = now - this.#pictureAt > Math.max(STALE, 3000 / this.#source.rate);
    const isStill = !this.hasPicture || isStale;
    this.#preview.canvas.classList.toggle("still", isStill);
    setText(this.#find("picture-state"), this.#pictureState(isStill));
    this.#showFaces();
  }

  #pictureState(isStill) {
    if (this.#source.state !== "live") return "no picture";
    if (this.picture === "none") return "picture not shown";
    return isStill && this.#pictureAt !== null ? `no picture since ${clock(this.#pictureAt)}` : "";
  }

  #showFaces() {
    const faces = [...this.#summary.faces.values()].sort((a, b) => a.track - b.track);
    const named = faces.slice(0, MAX_NAMED);
    const chips = fitChildren(this.#find("faces"), named.length, () => make("span"));
    named.forEach((reading, index) => {
      const more = index === MAX_NAMED - 1 ? faces.length - MAX_NAMED : 0;
      chips[index].style.setProperty("--label", labelColour(reading.label, UNSURE_ON_PICTURE));
      setText(chips[index], `${reading.label ?? readingText(reading)}${more > 0 ? ` and ${more} more` : ""}`);
    });
  }

  async #loadPast() {
    const subscription = this.#subscription;
    const overview = await loadOverview(this.id, `-${LENGTH}s`, () => subscription !== this.#subscription);
    if (!overview) return;
    this.#summary.addOverview(overview);
    this.#drawn = "";
  }

  #find(className) {
    return this.element.querySelector(`.${className}`);
  }
}
