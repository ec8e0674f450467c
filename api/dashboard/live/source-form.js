// The form that adds a source or changes one, with each error beside its field.

import { errorsOfGround, GROUND_OPTIONS, needsGround, PICTURES, PURPOSE_OPTIONS } from "../app/purposes.js";
import { addSource, changeSource } from "../app/sources-api.js";

const FIELDS = ["name", "url", "rate", "purpose", "ground", "picture"];
const RATE = 10; // readings a second, unless somebody says otherwise
const HIGHEST_RATE = 60;

export class SourceForm {
  #dialog = document.getElementById("source-dialog");
  #form = document.getElementById("source-form");
  #source = null; // that is changed; null: a new one
  #before = {}; // what the fields said when the form opened
  #first; // the purpose of a new source
  #saved;

  // `tokens` is "open" or "required"; `saved` is called with a source that was added or changed.
  constructor(tokens, saved) {
    this.#saved = saved;
    this.#first = tokens === "required" ? "" : "personal"; // where others are watched, somebody has to say why
    fill(this.#field("purpose"), [["", "Choose one"], ...PURPOSE_OPTIONS]);
    fill(this.#field("ground"), GROUND_OPTIONS);
    fill(this.#field("picture"), Object.entries(PICTURES));
    document.getElementById("source-cancel").addEventListener("click", () => this.#dialog.close());
    this.#field("purpose").addEventListener("change", () => this.#askForGround());
    this.#form.addEventListener("submit", (event) => this.#submit(event));
  }

  openNew() {
    this.#open(null, { name: "", url: "", rate: RATE, purpose: this.#first, ground: "", picture: "shown" });
  }

  openFor(source) {
    this.#open(source, source);
  }

  #open(source, values) {
    this.#source = source;
    for (const name of FIELDS) this.#field(name).value = values[name] ?? "";
    this.#before = this.#values();
    document.getElementById("source-title").textContent = source ? `Edit ${source.name}` : "Add a source";
    document.getElementById("source-save").textContent = source ? "Save" : "Add";
    this.#tell({});
    this.#askForGround();
    this.#dialog.showModal();
    this.#field("name").focus();
  }

  #field(name) {
    return this.#form.elements[name];
  }

  #values() {
    const values = Object.fromEntries(FIELDS.map((name) => [name, this.#field(name).value.trim()]));
    const ground = needsGround(values.purpose) && values.ground ? values.ground : null;
    return { ...values, ground, rate: Number(values.rate) };
  }

  #askForGround() {
    document.getElementById("ground-part").hidden = !needsGround(this.#field("purpose").value);
  }

  async #submit(event) {
    event.preventDefault();
    const values = this.#values();
    const errors = wrongIn(values);
    this.#tell(errors);
    if (Object.keys(errors).length > 0) return;
    const button = document.getElementById("source-save");
    button.disabled = true; // until there is an answer; a key press would send it again, too
    try {
      const saved = await this.#save(values);
      this.#dialog.close();
      this.#saved(saved);
    } catch (problem) {
      const told = problem.errors ?? {};
      this.#tell(FIELDS.some((name) => told[name]) ? told : { "": problem.message });
    } finally {
      button.disabled = false;
    }
  }

  // Only what was changed is sent: an address is shown without its password, and must not lose it.
  #save(values) {
    const changed = Object.fromEntries(
      Object.entries(values).filter(([name, value]) => value !== this.#before[name]),
    );
    if (this.#source === null) return addSource(changed);
    return Object.keys(changed).length > 0 ? changeSource(this.#source.id, changed) : this.#source;
  }

  // Writes each error beside its field, the one without a field above them; the first wrong field gets the focus.
  #tell(errors) {
    for (const name of ["", ...FIELDS]) {
      const place = document.getElementById(`${name || "source"}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      if (name) this.#field(name).setAttribute("aria-invalid", String(Boolean(errors[name])));
    }
    const wrong = FIELDS.find((name) => errors[name]);
    if (wrong) this.#field(wrong).focus();
  }
}

function wrongIn({ name, url, rate, purpose, ground }) {
  const errors = errorsOfGround({ purpose, ground });
  if (!name) errors.name = "A name is needed.";
  if (!url) errors.url = "An address is needed.";
  if (!(rate > 0 && rate <= HIGHEST_RATE)) errors.rate = `Expected a number above 0, up to ${HIGHEST_RATE}.`;
  if (!purpose) errors.purpose = "A purpose is needed.";
  return errors;
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
}
