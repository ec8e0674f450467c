// How recordings come in: dropped, picked or named in the media folder; each upload with its progress.

import { Problem } from "../app/http.js";
import { errorsOfGround, GROUND_OPTIONS, needsGround, PURPOSE_OPTIONS } from "../app/purposes.js";
import { bytes, remaining } from "../app/recording-status.js";
import { addFromMedia, limits } from "../app/recordings-api.js";
import { Upload } from "./upload.js";

const FIELDS = ["path", "purpose", "ground"];

export class Adding {
  #places; // elements: drop, pick, files, form, uploads, groundField, most
  #added; // called with each new recording
  #held = []; // uploads that wait until it is said what they are read for
  #waiting = []; // { upload, wishes }, in order
  #sending = false;
  #most = Infinity; // bytes that a file may have

  // `demanding`: whether a purpose must be chosen, or is personal unless one is.
  constructor(places, { demanding }, added) {
    this.#places = places;
    this.#added = added;
    this.#fillPurposes(demanding);
    this.#learnLimits();
    places.pick.addEventListener("click", () => places.files.click());
    places.files.addEventListener("change", () => {
      this.#takeAll([...places.files.files]);
      places.files.value = "";
    });
    places.form.addEventListener("submit", (event) => this.#submit(event));
    this.#listenToDrops();
    addEventListener("beforeunload", (event) => {
      if (this.#sending || this.#held.some(({ cancelled }) => !cancelled)) event.preventDefault();
    });
  }

  // What cannot be taken is not sent at all; without an answer the upload itself says it.
  async #learnLimits() {
    try {
      const { size, duration } = await limits();
      this.#most = size;
      this.#places.most.textContent = `Up to ${bytes(size)} and ${remaining(duration)} each.`;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }

  #fillPurposes(demanding) {
    const { form, groundField } = this.#places;
    const { purpose, ground } = form.elements;
    const fill = (select, options) =>
      select.append(...options.map(([value, words]) => new Option(words, value)));
    fill(purpose, [...(demanding ? [["", "Choose one"]] : []), ...PURPOSE_OPTIONS]);
    fill(ground, GROUND_OPTIONS);
    for (const field of [purpose, ground]) {
      field.addEventListener("change", () => {
        groundField.hidden = !needsGround(purpose.value);
        this.#tell({});
        this.#letGo();
      });
    }
  }

  // Files may be dropped anywhere on the page: elsewhere the browser would open them in its place.
  #listenToDrops() {
    const { drop } = this.#places;
    let depth = 0; // how many nested elements the pointer is in
    const show = (over) => drop.classList.toggle("over", over);
    const files = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => {
      if (files(event)) show((depth += 1) > 0);
    });
    addEventListener("dragleave", (event) => {
      if (files(event)) show((depth -= 1) > 0);
    });
    addEventListener("dragover", (event) => {
      if (files(event)) event.preventDefault();
    });
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
    location.hash = ""; // to where they are seen
    for (const file of files) {
      const upload = new Upload(file);
      this.#places.uploads.append(upload.element);
      if (folders.includes(file.name)) upload.fail("This is a folder. Drop the files that are in it.");
      else if (file.size > this.#most)
        upload.fail(`It has ${bytes(file.size)}; this service takes at most ${bytes(this.#most)}.`);
      else this.#held.push(upload);
    }
    this.#letGo();
  }

  // Sends what is held as the form says by now, or tells what that lacks.
  #letGo() {
    this.#held = this.#held.filter(({ cancelled }) => !cancelled);
    if (this.#held.length === 0) return;
    const wishes = this.#wishes();
    if (wishes === null) {
      const lacking = this.#places.form.elements.purpose.value ? "a ground" : "a purpose";
      for (const upload of this.#held) upload.hold(lacking);
      return;
    }
    this.#waiting.push(...this.#held.map((upload) => ({ upload, wishes })));
    this.#held = [];
    this.#sendNext();
  }

  async #sendNext() {
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = true;
    const { upload, wishes } = this.#waiting.shift();
    const recording = await upload.run(wishes);
    this.#sending = false;
    if (recording) this.#added(recording);
    this.#sendNext();
  }

  // What the form asks for; null when it lacks something.
  #wishes() {
    const { rate, purpose, ground } = this.#places.form.elements;
    const isGrounded = needsGround(purpose.value);
    const errors = errorsOfGround({ purpose: purpose.value, ground: ground.value });
    if (!purpose.value) errors.purpose = "Choose one.";
    this.#tell(errors);
    if (Object.keys(errors).length > 0) return null;
    return { rate: rate.value, purpose: purpose.value, ...(isGrounded && { ground: ground.value }) };
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
