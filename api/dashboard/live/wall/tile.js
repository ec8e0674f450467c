// One source on the wall: its picture, how it stands, who is in view, and its last ten minutes.

import { Problem } from "../../app/http.js";
import { hearTime, overviewOf, serverNow } from "../../app/sources-api.js";
import { write } from "../../lib/elements.js";
import { clock, spoken, stateOf, troubleOf } from "../../lib/format.js";
import { COLOURS } from "../../lib/labels.js";
import { Surface } from "../../lib/surface.js";
import { Follower } from "../subscription.js";
import { Glance, KEPT } from "./recent-summary.js";
import { drawStrip } from "./strip.js";

const FIRST = "-3s"; // history that comes whole; the overview tells what was before
const FACES = 4; // named on the picture
const AGAIN = 2000; // ms before an overview that did not come is asked for anew
const CALM = 250; // ms between changes of words
const STALE = 5000; // ms without a new picture after which it is said to stand still; tiles take turns

const TILE = `<a><span class="screen"><canvas class="preview" aria-hidden="true"></canvas><span class="veil"></span>
  <span class="faces"></span></span>
  <span class="caption"><span class="dot"></span><span class="name"></span><span class="words"></span></span>
  <canvas class="strip" aria-hidden="true"></canvas></a>`;

export class Tile {
  element = Object.assign(document.createElement("li"), { className: "tile", innerHTML: TILE });
  #source;
  #on;
  #glance = null;
  #follower = null;
  #preview;
  #strip;
  #places;
  #moment = null; // of the picture that is shown, as the server names it
  #pictured = null; // ms: when that came
  #written = -Infinity; // ms
  #drawn = "";

  // `on` has lost(problem), answered() and removed().
  constructor(source, on) {
    this.#on = on;
    this.#preview = new Surface(this.element.querySelector(".preview"));
    this.#strip = new Surface(this.element.querySelector(".strip"));
    const find = (name) => this.element.querySelector(`.${name}`);
    this.#places = {
      link: this.element.firstChild,
      name: find("name"),
      words: find("words"),
      veil: find("veil"),
      faces: find("faces"),
    };
    this.#places.link.href = `#${source.id}`;
    this.update(source);
  }

  get id() {
    return this.#source.id;
  }
  get picture() {
    return this.#source.picture;
  }
  get hasPicture() {
    return this.#source.state === "live" && this.#source.picture !== "none";
  }
  get pixels() {
    return Math.max(1, Math.round(this.#preview.size.width * this.#preview.scale));
  }

  // Where the picture is shown otherwise from now on, what it showed until now goes.
  update(source) {
    const { canvas, context } = this.#preview;
    if (source.picture !== this.#source?.picture) context.clearRect(0, 0, canvas.width, canvas.height);
    this.#source = source;
  }

  // Begins to follow the source; what was known before is asked for anew.
  open() {
    if (this.#follower) return;
    this.#glance = new Glance(this.#source.rate);
    this.#follower = new Follower(this.id, FIRST, {
      message: (message) => this.#take(message),
      missed: () => this.#lookBack(),
      connected: this.#on.answered,
      lost: this.#on.lost,
      removed: this.#on.removed,
    });
    this.#lookBack();
  }

  shut() {
    this.#follower?.close();
    this.#follower = null;
  }

  // Shows a picture that was asked for when the source's were to be shown `as`; the same moment is the same picture.
  show(bitmap, as, moment) {
    if (as !== this.picture) return;
    if (moment !== this.#moment) this.#pictured = serverNow();
    this.#moment = moment;
    const { canvas, context } = this.#preview;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    }
    context.drawImage(bitmap, 0, 0);
  }

  draw(now, colours) {
    if (!this.#follower) return;
    const { width } = this.#strip.size;
    const drawing = `${Math.floor(now / 1000)} ${width} ${colours.ink}`;
    if (drawing !== this.#drawn && width > 0) {
      this.#drawn = drawing;
      drawStrip(
        this.#strip,
        this.#glance,
        { now, kept: KEPT, trouble: troubleOf(this.#source, now) },
        colours,
      );
    }
    if (now - this.#written < CALM && now >= this.#written) return;
    this.#written = now;
    this.#write(now);
  }

  #write(now) {
    const { link, name, words, veil } = this.#places;
    const stands = stateOf(this.#source, now, this.#glance.lag);
    if (link.dataset.tone !== stands.tone) link.dataset.tone = stands.tone;
    write(name, this.#source.name);
    write(words, stands.words);
    const still = !this.hasPicture || now - this.#pictured > Math.max(STALE, 3000 / this.#source.rate);
    this.#preview.canvas.classList.toggle("still", still);
    write(veil, this.#veilWords(still));
    this.#writeFaces();
  }

  #veilWords(still) {
    if (this.#source.state !== "live") return "no picture";
    if (this.#source.picture === "none") return "picture not shown";
    return still && this.#pictured !== null ? `no picture since ${clock(this.#pictured)}` : "";
  }

  #writeFaces() {
    const { faces: place } = this.#places;
    const faces = [...this.#glance.faces.values()].sort((a, b) => a.track - b.track);
    const shown = faces.slice(0, FACES);
    while (place.children.length > shown.length) place.lastChild.remove();
    shown.forEach((reading, at) => {
      const chip = place.children[at] ?? place.appendChild(document.createElement("span"));
      const more = at === FACES - 1 && faces.length > FACES ? ` and ${faces.length - FACES} more` : "";
      const label = reading.label ?? "unsure";
      if (chip.dataset.label !== label) chip.style.setProperty("--label", COLOURS[label] ?? "#e8eaed");
      chip.dataset.label = label;
      write(chip, `${reading.label ?? spoken(reading)}${more}`);
    });
  }

  #take(message) {
    if (message.type === "heartbeat") {
      hearTime(message.at);
      this.#glance.forget(serverNow());
    } else if (message.type !== "error") {
      this.#glance.add(message);
    }
  }

  // Asks for the past until it comes, or the tile is shut.
  async #lookBack() {
    const follower = this.#follower;
    try {
      const overview = await overviewOf(this.id, `-${KEPT}s`);
      if (follower !== this.#follower) return;
      this.#glance.takeOverview(overview);
      this.#drawn = "";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 404) return;
      setTimeout(() => {
        if (follower === this.#follower) this.#lookBack();
      }, AGAIN);
    }
  }
}
