// The form that adds recordings: files that are dropped or chosen, or a name in the media folder.

import { settled } from "../app/http.js";
import { fillPurposes, needsGround, purposeErrors } from "../app/purposes.js";
import { addFromMedia, fetchLimits } from "../app/recordings-api.js";
import { TURN_OPTIONS } from "../app/turns.js";
import { byId, fillSelect, setText, showFieldErrors } from "../lib/elements.js";
import { bytes, remaining } from "../lib/format.js";
import { Upload } from "./upload.js";

const FIELDS = ["path", "purpose", "ground", "turn", "aspect"];

export class AddForm {
  #form = byId("media-form");
  #fields = this.#form.elements;
  #onAdded;
  #held = []; // uploads that wait until the form is complete
  #queue = []; // { upload, options }, in order
  #isSending = false;
  #maxSize = Infinity; // bytes of a file

  /** @param {object} session as the API sends it @param {() => void} onAdded */
  constructor({ tokens, rate }, onAdded) {
    this.#onAdded = onAdded;
    this.#fields.rate.value = String(rate.default);
    fillPurposes(this.#fields, { mustChoose: tokens === "required" });
    fillSelect(this.#fields.turn, TURN_OPTIONS);
    this.#listenToPurpose();
    this.#loadLimits();
    const files = byId("files");
    byId("choose-files").addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.#addFiles([...files.files]);
      files.value = "";
    });
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#listenToDrops();
    addEventListener("beforeunload", (event) => {
      if (this.#isSending || this.#held.some(({ isCancelled }) => !isCancelled)) event.preventDefault();
    });
  }

  // Too large files are not sent. Without this answer, the server refuses them.
  async #loadLimits() {
    const { answer } = await settled(fetchLimits());
    if (!answer) return;
    this.#maxSize = answer.size;
    setText(byId("upload-limits"), `Up to ${bytes(answer.size)} and ${remaining(answer.duration)} each.`);
  }

  #listenToPurpose() {
    const { purpose, ground } = this.#fields;
    for (const field of [purpose, ground]) {
      field.addEventListener("change", () => {
        byId("ground-field").hidden = !needsGround(purpose.value);
        this.#showErrors({});
        this.#sendHeld();
      });
    }
  }

  // Files may be dropped anywhere on the page; elsewhere the browser would open them in its place.
  #listenToDrops() {
    let depth = 0; // nested elements that the pointer is in
    const listen = (type, action) => {
      addEventListener(type, (event) => event.dataTransfer?.types.includes("Files") && action(event));
    };
    const moveTo = (newDepth) => {
      depth = newDepth;
      byId("drop").classList.toggle("over", depth > 0);
    };
    listen("dragenter", () => moveTo(depth + 1));
    listen("dragleave", () => moveTo(depth - 1));
    listen("dragover", (event) => event.preventDefault());
    listen("drop", (event) => {
      event.preventDefault();
      moveTo(0);
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
      const folders = entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
      this.#addFiles([...event.dataTransfer.files], folders);
    });
  }

  #addFiles(files, folders = []) {
    location.hash = ""; // shows the list, with the uploads
    for (const file of files) {
      const upload = new Upload(file);
      byId("uploads").append(upload.element);
      const [size, maxSize] = [bytes(file.size), bytes(this.#maxSize)];
      if (folders.includes(file.name)) upload.fail("This is a folder. Drop the files in it.");
      else if (file.size > this.#maxSize) upload.fail(`The file has ${size}; the limit is ${maxSize}.`);
      else this.#held.push(upload);
    }
    this.#sendHeld();
  }

  // Sends the held uploads with the form's options, or says what the form lacks.
  #sendHeld() {
    this.#held = this.#held.filter(({ isCancelled }) => !isCancelled);
    if (this.#held.length === 0) return;
    const options = this.#options();
    if (options === null) {
      const missing = this.#fields.purpose.value ? "a ground" : "a purpose";
      for (const upload of this.#held) upload.waitFor(missing);
      return;
    }
    this.#queue.push(...this.#held.map((upload) => ({ upload, options })));
    this.#held = [];
    this.#sendNext();
  }

  async #sendNext() {
    if (this.#isSending || this.#queue.length === 0) return;
    this.#isSending = true;
    const { upload, options } = this.#queue.shift();
    const recording = await upload.run(options);
    this.#isSending = false;
    if (recording) this.#onAdded();
    this.#sendNext();
  }

  // { rate, purpose, ground, turn, aspect } as the form says; null, with errors shown, when it lacks something.
  #options() {
    const { rate, purpose, ground, turn, aspect } = Object.fromEntries(new FormData(this.#form));
    const errors = purposeErrors({ purpose, ground });
    this.#showErrors(errors);
    if (Object.keys(errors).length > 0) return null;
    const shape = { turn, ...(aspect.trim() && { aspect: aspect.trim() }) };
    return { rate, purpose, ...(needsGround(purpose) && { ground }), ...shape };
  }

  async #submit(event) {
    event.preventDefault();
    const options = this.#options();
    if (options === null) return;
    const path = this.#fields.path.value.trim();
    if (!path) {
      this.#showErrors({ path: "Enter a file, such as interviews/monday.mp4." });
      return;
    }
    const { problem } = await settled(addFromMedia(path, options));
    if (problem) {
      const isOfField = FIELDS.some((name) => problem.errors[name]);
      this.#showErrors(isOfField ? problem.errors : { path: problem.message });
      return;
    }
    this.#fields.path.value = "";
    this.#onAdded();
  }

  #showErrors(errors) {
    showFieldErrors(this.#form, FIELDS, errors);
  }
}
