// One upload: its line in the list, and its way to the server.

import { Problem } from "../app/http.js";
import { bytes, remaining } from "../app/recording-status.js";
import { sendFile } from "../app/recordings-api.js";
import { write } from "../lib/elements.js";

const CALM = 250; // ms between changes of its figures

export class Upload {
  element = document.createElement("li");
  #file;
  #stopped = new AbortController();
  #told = -Infinity; // ms

  constructor(file) {
    this.#file = file;
    this.element.innerHTML = `<span class="name"></span><span class="words"></span><progress max="1" value="0"></progress>
      <button type="button" class="quiet">Cancel</button>`;
    this.#find("progress").setAttribute("aria-label", `Sent of ${file.name}`);
    write(this.#find(".name"), file.name);
    this.hold("its turn");
    this.#find("button").addEventListener("click", () => this.#cancel());
  }

  get cancelled() {
    return this.#stopped.signal.aborted;
  }

  // What it waits for before it can be sent.
  hold(what) {
    this.#say(`waits for ${what}, ${bytes(this.#file.size)}`);
  }

  // Resolves with the recording, or null when it was cancelled or refused. `wishes` are { rate, purpose, ground }.
  async run(wishes) {
    if (this.cancelled) return null;
    const began = performance.now();
    try {
      const recording = await sendFile(this.#file, wishes, {
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

  #say(words) {
    write(this.#find(".words"), words);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
