// How recordings come in: dropped, picked or named in the media folder; each upload with its progress.

import { Problem } from "./access.js";
import { write } from "./elements.js";
import { GROUNDS, NEEDS_GROUND, PURPOSES } from "./purposes.js";
import { addFromMedia, upload } from "./recordings-server.js";
import { bytes, remaining } from "./recordings-words.js";

const CALM = 250; // ms between changes of an upload's figures
const FIELDS = ["path", "purpose", "ground"];

export class Adding {
  #places; // elements: drop, pick, files, form, uploads, groundField
  #added; // called with each new recording
  #waiting = []; // uploads, in order
  #sending = null;

  // `demanding`: whether a purpose must be chosen, or is personal unless one is.
  constructor(places, { demanding }, added) {
    this.#places = places;
    this.#added = added;
    this.#fillPurposes(demanding);
    places.pick.addEventListener("click", () => places.files.click());
    places.files.addEventListener("change", () => {
      this.#takeAll([...places.files.files]);
      places.files.value = "";
    });
    places.form.addEventListener("submit", (event) => this.#submit(event));
    this.#listenToDrops();
    addEventListener("beforeunload", (event) => { if (this.#sending) event.preventDefault(); });
  }

  #fillPurposes(demanding) {
    const { form, groundField } = this.#places;
    const { purpose, ground } = form.elements;
    const options = (names) => Object.entries(names).map(([value, words]) => new Option(words, value));
    purpose.append(...(demanding ? [new Option("Choose one", "")] : []), ...options(PURPOSES));
    ground.append(new Option("Neither", ""), ...options(GROUNDS));
    purpose.addEventListener("change", () => {
      groundField.hidden = !NEEDS_GROUND.includes(purpose.value);
      this.#tell({});
    });
  }

  // Files may be dropped anywhere on the page: elsewhere the browser would open them in its place.
  #listenToDrops() {
    const { drop } = this.#places;
    let depth = 0; // how many nested elements the pointer is in
    const show = (over) => drop.classList.toggle("over", over);
    const files = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => { if (files(event)) show((depth += 1) > 0); });
    addEventListener("dragleave", (event) => { if (files(event)) show((depth -= 1) > 0); });
    addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
    addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      depth = 0;
      show(false);
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
      const folders = entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
      this.#takeAll([...event.dataTransfer.files], folders);
    });
  }

  #takeAll(files, folders = []) {
    const wishes = this.#wishes();
    if (wishes === null) return;
    location.hash = ""; // to where they are seen
    for (const file of files) {
      const sending = new Sending(file, wishes);
      this.#places.uploads.append(sending.element);
      if (folders.includes(file.name)) sending.fail("This is a folder. Drop the files that are in it.");
      else this.#waiting.push(sending);
    }
    this.#sendNext();
  }

  async #sendNext() {
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = this.#waiting.shift();
    const recording = await this.#sending.run();
    this.#sending = null;
    if (recording) this.#added(recording);
    this.#sendNext();
  }

  // What the form asks for; null when it lacks something.
  #wishes() {
    const { rate, purpose, ground } = this.#places.form.elements;
    const grounded = NEEDS_GROUND.includes(purpose.value);
    this.#tell(purpose.value ? {} : { purpose: "Choose what for: it is kept with the recording." });
    if (!purpose.value) return null;
    return { rate: rate.value, purpose: purpose.value, ...(grounded && ground.value && { ground: ground.value }) };
  }

  async #submit(event) {
    event.preventDefault();
    const { path } = this.#places.form.elements;
    const wishes = this.#wishes();
    if (wishes === null) return;
    if (!path.value.trim()) {
      this.#tell({ path: "Name a file, such as interviews/monday.mp4." });
      return;
    }
    try {
      const recording = await addFromMedia(path.value.trim(), wishes);
      path.value = "";
      this.#added(recording);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const told = FIELDS.some((name) => problem.errors[name]);
      this.#tell(told ? problem.errors : { path: problem.message });
    }
  }

  // Writes each error beside its field; the first wrong field gets the focus.
  #tell(errors) {
    const { form } = this.#places;
    for (const name of FIELDS) {
      const place = document.getElementById(`${name}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      form.elements[name].setAttribute("aria-invalid", String(Boolean(errors[name])));
    }
    form.elements[FIELDS.find((name) => errors[name])]?.focus();
  }
}

// One upload: its line in the list, and its way to the server.
class Sending {
  element = document.createElement("li");
  #file;
  #wishes;
  #stopped = new AbortController();
  #told = -Infinity; // ms

  constructor(file, wishes) {
    this.#file = file;
    this.#wishes = wishes;
    this.element.innerHTML = `<span class="name"></span><span class="words"></span><progress max="1" value="0"></progress>
      <button type="button" class="quiet">Cancel</button>`;
    this.#find("progress").setAttribute("aria-label", `Sent of ${file.name}`);
    write(this.#find(".name"), file.name);
    this.#say(`waits, ${bytes(file.size)}`);
    this.#find("button").addEventListener("click", () => this.#cancel());
  }

  // Resolves with the recording, or null when it was cancelled or refused.
  async run() {
    if (this.#stopped.signal.aborted) return null;
    const began = performance.now();
    try {
      const recording = await upload(this.#file, this.#wishes, {
        signal: this.#stopped.signal,
        progress: (sent) => this.#show(sent, performance.now() - began),
      });
      this.element.remove();
      return recording;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.fail(Object.values(problem.errors)[0] ?? problem.message);
      return null;
    }
  }

  fail(words) {
    this.element.dataset.tone = "bad";
    this.#find("progress").hidden = true;
    this.#find("button").textContent = "Dismiss";
    this.#find(".words").setAttribute("role", "alert");
    this.#say(words);
  }

  // `sent` in bytes after `time` ms.
  #show(sent, time) {
    this.#find("progress").value = sent / this.#file.size;
    const now = performance.now();
    if (now - this.#told < CALM && sent < this.#file.size) return;
    this.#told = now;
    if (sent >= this.#file.size) {
      this.#say(`${bytes(sent)} sent, looked at by the service`);
      return;
    }
    const pace = (sent / time) * 1000; // bytes a second
    const parts = [`${bytes(sent)} of ${bytes(this.#file.size)}`];
    if (time > 1000) parts.push(`${bytes(pace)}/s`, `${remaining((this.#file.size - sent) / pace)} left`);
    this.#say(parts.join(" · "));
  }

  #cancel() {
    this.#stopped.abort();
    this.element.remove();
  }

  #say(words) { write(this.#find(".words"), words); }

  #find(selector) { return this.element.querySelector(selector); }
}
