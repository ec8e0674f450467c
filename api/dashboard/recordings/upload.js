// One upload: its line in the list, its progress, and its end.

import { settled } from "../app/http.js";
import { uploadFile } from "../app/recordings-api.js";
import { make, setText } from "../lib/elements.js";
import { bytes, remaining } from "../lib/format.js";

const TEXT_INTERVAL = 250; // ms between changes of its figures
const SETTLED = 1000; // ms after which speed and time left are known

const LINE = `<span class="name"></span><span class="text"></span><progress max="1" value="0"></progress>
  <button type="button" class="quiet">Cancel</button>`;

export class Upload {
  element = make("li", { innerHTML: LINE });
  #file;
  #abort = new AbortController();
  #textAt = -Infinity; // ms

  /** @param {File} file */
  constructor(file) {
    this.#file = file;
    this.#find("progress").ariaLabel = `Upload of ${file.name}`;
    setText(this.#find(".name"), file.name);
    this.#showText(`Waiting · ${bytes(file.size)}`);
    this.#find("button").addEventListener("click", () => this.#cancel());
  }

  get isCancelled() {
    return this.#abort.signal.aborted;
  }

  /** Say what the form lacks before the file can be sent. */
  waitFor(missing) {
    this.#showText(`Waiting for ${missing} · ${bytes(this.#file.size)}`);
  }

  /** Send the file; return the recording, or null when it was cancelled or refused. */
  async run(options) {
    if (this.isCancelled) return null;
    const startedAt = performance.now();
    const onProgress = (sent) => this.#showProgress(sent, performance.now() - startedAt);
    const upload = uploadFile(this.#file, options, { onProgress, signal: this.#abort.signal });
    const { answer, problem } = await settled(upload);
    if (problem) this.fail(Object.values(problem.errors)[0] ?? problem.message);
    else this.element.remove();
    return answer ?? null;
  }

  fail(text) {
    this.element.dataset.tone = "bad";
    this.#find("progress").hidden = true;
    setText(this.#find("button"), "Dismiss");
    this.#find(".text").role = "alert";
    this.#showText(text);
  }

  // `sent` in bytes after `time` ms.
  #showProgress(sent, time) {
    const { size } = this.#file;
    this.#find("progress").value = sent / size;
    const now = performance.now();
    if (now - this.#textAt < TEXT_INTERVAL && sent < size) return;
    this.#textAt = now;
    const speed = (sent / time) * 1000; // bytes a second
    const parts = [`${bytes(sent)} of ${bytes(size)}`];
    if (time > SETTLED) parts.push(`${bytes(speed)}/s`, `${remaining((size - sent) / speed)} left`);
    this.#showText(sent < size ? parts.join(" · ") : "Checking the video");
  }

  #cancel() {
    this.#abort.abort();
    this.element.remove();
  }

  #showText(text) {
    setText(this.#find(".text"), text);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
