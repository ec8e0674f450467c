// The list of sources, and the dialogs that add and remove one.

import { write } from "./elements.js";
import { addSource, listSources, removeSource, serverNow } from "./server.js";
import { stateOf } from "./words.js";

const AGAIN = 2000; // ms between looks at the list

// Calls back on: list(sources), choose(id), lost(), answered().
export class Sources {
  #places; // elements: list, add dialog and its form, remove dialog
  #on;
  #known = [];
  #chosen = null;

  constructor(places, on) {
    this.#places = places;
    this.#on = on;
    for (const button of places.addButtons) button.addEventListener("click", () => this.#openForm());
    places.cancel.addEventListener("click", () => places.addDialog.close());
    places.form.addEventListener("submit", (event) => this.#submit(event));
    this.#repeat();
  }

  async #repeat() {
    if (document.visibilityState === "visible") await this.refresh();
    setTimeout(() => this.#repeat(), AGAIN);
  }

  async refresh() {
    try {
      this.#known = await listSources();
    } catch {
      this.#on.lost();
      return;
    }
    this.#on.answered();
    this.show(this.#chosen);
    this.#on.list(this.#known);
  }

  // Draws the list with one source chosen.
  show(chosen) {
    this.#chosen = chosen;
    const { list } = this.#places;
    while (list.children.length > this.#known.length) list.lastChild.remove();
    this.#known.forEach((source, place) => this.#showOne(list.children[place] ?? list.appendChild(item()), source));
  }

  #showOne(element, source) {
    const link = element.firstChild;
    const { tone, words } = stateOf(source, serverNow());
    link.href = `#${source.id}`;
    link.dataset.tone = tone;
    const chosen = source.id === this.#chosen;
    if (chosen && !link.hasAttribute("aria-current")) element.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    write(link.querySelector(".name"), source.name);
    write(link.querySelector(".words"), words);
  }

  // Asks whether to remove a source, and does it.
  async remove(source) {
    const { removeDialog, removeTitle } = this.#places;
    removeTitle.textContent = `Remove ${source.name}?`;
    removeDialog.returnValue = "";
    removeDialog.showModal();
    await new Promise((closed) => removeDialog.addEventListener("close", closed, { once: true }));
    if (removeDialog.returnValue !== "remove") return;
    await removeSource(source.id).catch(() => this.#on.lost());
    await this.refresh();
  }

  #openForm() {
    this.#places.form.reset();
    this.#tell({});
    this.#places.addDialog.showModal();
    this.#places.form.elements.name.focus();
  }

  async #submit(event) {
    event.preventDefault();
    const { form, addDialog } = this.#places;
    const { name, url } = form.elements;
    const errors = {};
    if (!name.value.trim()) errors.name = "A name is needed.";
    if (!url.value.trim()) errors.url = "An address is needed.";
    this.#tell(errors);
    if (Object.keys(errors).length > 0) return;
    try {
      const added = await addSource(name.value, url.value);
      addDialog.close();
      await this.refresh();
      this.#on.choose(added.id);
    } catch (problem) {
      const told = problem.errors ?? {};
      this.#tell(told.name || told.url ? told : { "": problem.message });
    }
  }

  // Writes each error beside its field, the one without a field above them; the first wrong field gets the focus.
  #tell(errors) {
    const { form } = this.#places;
    for (const name of ["", "name", "url"]) {
      const place = document.getElementById(`${name || "add"}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      if (name) form.elements[name].setAttribute("aria-invalid", String(Boolean(errors[name])));
    }
    const wrong = ["name", "url"].find((name) => errors[name]);
    if (wrong) form.elements[wrong].focus();
  }
}

function item() {
  const element = document.createElement("li");
  element.innerHTML = `<a><span class="dot"></span><span class="name"></span><span class="words"></span></a>`;
  return element;
}
