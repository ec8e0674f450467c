// The recordings, newest first: how each stands, how far it is, and what can be done with it.

import { bytes, isUnderWay, moment, pace, standing } from "../app/recording-status.js";
import { write } from "../lib/elements.js";

const DAY = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export class RecordingList {
  #list;
  #on; // cancel(recording), remove(recording)
  #items = new Map(); // id: { element, recording }

  constructor(list, on) {
    this.#list = list;
    this.#on = on;
  }

  // Those that stay keep their elements, and with them the focus.
  show(recordings) {
    const ids = new Set(recordings.map(({ id }) => id));
    for (const [id, { element }] of this.#items) {
      if (ids.has(id)) continue;
      element.remove();
      this.#items.delete(id);
    }
    recordings.forEach((recording, place) => {
      if (!this.#items.has(recording.id)) this.#items.set(recording.id, this.#make(recording));
      const item = this.#items.get(recording.id);
      item.recording = recording;
      if (this.#list.children[place] !== item.element)
        this.#list.insertBefore(item.element, this.#list.children[place] ?? null);
      showOne(item);
    });
  }

  // Where somebody comes back to from one recording.
  focus(id) {
    this.#items.get(id)?.element.querySelector("a").focus();
  }

  #make(recording) {
    const element = document.createElement("li");
    element.dataset.id = recording.id;
    element.innerHTML = `<span class="dot"></span><a class="name"></a><span class="words"></span>
      <div class="going"><progress max="1"></progress><span class="pace"></span></div><span class="about"></span>
      <div class="buttons operate"><button type="button" class="quiet cancel">Cancel</button>
      <button type="button" class="quiet remove">Remove</button></div>`;
    const item = { element, recording };
    element.querySelector(".cancel").addEventListener("click", () => this.#on.cancel(item.recording));
    element.querySelector(".remove").addEventListener("click", () => this.#on.remove(item.recording));
    return item;
  }
}

function showOne({ element, recording }) {
  const { id, name, progress, duration, size, created_at: created } = recording;
  const { tone, words } = standing(recording);
  const underWay = isUnderWay(recording);
  element.dataset.tone = tone;
  element.dataset.state = recording.state;
  const link = element.querySelector(".name");
  link.href = `#${id}`;
  write(link, name);
  write(element.querySelector(".words"), words);
  element.querySelector(".going").hidden = recording.state !== "running";
  element.querySelector("progress").value = progress ?? 0;
  element.querySelector("progress").setAttribute("aria-label", `Read of ${name}`);
  write(element.querySelector(".pace"), pace(recording));
  const about = [
    duration && moment(duration * 1000),
    size && bytes(size),
    created && dayOf(new Date(created)),
  ];
  write(element.querySelector(".about"), about.filter(Boolean).join(" · "));
  for (const [selector, verb] of [
    [".cancel", "Cancel"],
    [".remove", "Remove"],
  ]) {
    element.querySelector(selector).setAttribute("aria-label", `${verb} ${name}`);
  }
  element.querySelector(".cancel").hidden = !underWay;
  element.querySelector(".remove").hidden = underWay;
}

// Day and time; the year only where it is another one.
function dayOf(date) {
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return date.toLocaleString(undefined, { ...DAY, ...year });
}
