// The list of recordings, newest first, with the status and progress of each.

import { isUnderWay, progressText, statusOf } from "../app/recording-status.js";
import { arrangeChildren, byId, make, setText } from "../lib/elements.js";
import { bytes, videoTime } from "../lib/format.js";

const DAY = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const ITEM = `<span class="dot"></span><a class="name"></a><span class="text"></span>
  <div class="progress"><progress max="1"></progress><span class="progress-text"></span></div>
  <span class="facts"></span>
  <div class="buttons operate"><button type="button" class="quiet cancel">Cancel</button>
  <button type="button" class="quiet remove">Remove</button></div>`;

export class RecordingList {
  #on;
  #items = new Map(); // id: { element, recording }

  /** @param {object} on callbacks: cancel(recording), remove(recording) */
  constructor(on) {
    this.#on = on;
  }

  /** Show these recordings; those that stay keep their elements, and with them the focus. */
  show(recordings) {
    const items = recordings.map((recording) => this.#updatedItem(recording));
    this.#items = new Map(items.map((item) => [item.recording.id, item]));
    arrangeChildren(byId("recording-list"), items);
  }

  /** Focus the link of a recording. */
  focus(id) {
    this.#items.get(id)?.element.querySelector("a").focus();
  }

  #updatedItem(recording) {
    const item = this.#items.get(recording.id) ?? this.#makeItem(recording);
    item.recording = recording;
    showRecording(item.element, recording);
    return item;
  }

  #makeItem(recording) {
    const element = make("li", { innerHTML: ITEM });
    element.dataset.id = recording.id;
    const item = { element, recording };
    element.querySelector(".cancel").addEventListener("click", () => this.#on.cancel(item.recording));
    element.querySelector(".remove").addEventListener("click", () => this.#on.remove(item.recording));
    return item;
  }
}

function showRecording(element, recording) {
  const { id, name, state, progress, duration, size, created_at: created } = recording;
  const { tone, text } = statusOf(recording);
  const find = (selector) => element.querySelector(selector);
  Object.assign(element.dataset, { tone, state });
  find(".name").href = `#${id}`;
  setText(find(".name"), name);
  setText(find(".text"), text);
  find(".progress").hidden = state !== "running";
  Object.assign(find("progress"), { value: progress ?? 0, ariaLabel: `Progress of ${name}` });
  setText(find(".progress-text"), progressText(recording));
  const facts = [duration && videoTime(duration * 1000), size && bytes(size), created && dayText(created)];
  setText(find(".facts"), facts.filter(Boolean).join(" · "));
  const underWay = isUnderWay(recording);
  Object.assign(find(".cancel"), { ariaLabel: `Cancel ${name}`, hidden: !underWay });
  Object.assign(find(".remove"), { ariaLabel: `Remove ${name}`, hidden: underWay });
}

// Day and time; the year only where it is not this one.
function dayText(created) {
  const date = new Date(created);
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleString(undefined, isThisYear ? DAY : { ...DAY, year: "numeric" });
}
