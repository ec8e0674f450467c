// The form that adds a source or changes one, with each error beside its field.

import { fillPurposes, needsGround, PICTURE_OPTIONS, purposeErrors } from "../app/purposes.js";
import { addSource, changeSource } from "../app/sources-api.js";
import { TURN_OPTIONS } from "../app/turns.js";
import { byId, fillSelect, setText, showFieldErrors, showText } from "../lib/elements.js";

const FIELDS = ["name", "url", "rate", "purpose", "ground", "picture", "turn", "aspect"];

export class SourceForm {
  #dialog = byId("source-dialog");
  #form = byId("source-form");
  #fields = this.#form.elements;
  #source = null; // that is changed; null: a new one
  #initial = {}; // values with which the form opened
  #defaults;
  #rate;
  #onSaved;

  /** @param {object} session as the API sends it @param {(source: object) => void} onSaved */
  constructor({ tokens, rate }, onSaved) {
    this.#rate = rate;
    this.#onSaved = onSaved;
    // Tokens mean that several people use the service: one of them has to choose a purpose.
    const purpose = tokens === "required" ? "" : "personal";
    const shape = { turn: "0", aspect: "" };
    this.#defaults = {
      name: "",
      url: "",
      rate: rate.default,
      purpose,
      ground: "",
      picture: "shown",
      ...shape,
    };
    Object.assign(this.#fields.rate, { min: rate.min, max: rate.max });
    fillPurposes(this.#fields, { mustChoose: true });
    fillSelect(this.#fields.picture, PICTURE_OPTIONS);
    fillSelect(this.#fields.turn, TURN_OPTIONS);
    byId("source-cancel").addEventListener("click", () => this.#dialog.close());
    this.#fields.purpose.addEventListener("change", () => this.#showGround());
    this.#form.addEventListener("submit", (event) => this.#submit(event));
  }

  /** @param {object | null} source to change; null: a new one */
  open(source = null) {
    this.#source = source;
    const values = source ?? this.#defaults;
    for (const name of FIELDS) this.#fields[name].value = values[name] ?? "";
    this.#initial = this.#values();
    setText(byId("source-title"), source ? `Edit ${source.name}` : "Add a source");
    setText(byId("source-save"), source ? "Save" : "Add");
    this.#showErrors({});
    this.#showGround();
    this.#dialog.showModal();
    this.#fields.name.focus();
  }

  #values() {
    const values = Object.fromEntries(FIELDS.map((name) => [name, this.#fields[name].value.trim()]));
    const ground = needsGround(values.purpose) && values.ground ? values.ground : null;
    return { ...values, ground, rate: Number(values.rate), aspect: values.aspect || null };
  }

  #showGround() {
    byId("ground-part").hidden = !needsGround(this.#fields.purpose.value);
  }

  async #submit(event) {
    event.preventDefault();
    const values = this.#values();
    const errors = this.#errorsIn(values);
    this.#showErrors(errors);
    if (Object.keys(errors).length > 0) return;
    const button = byId("source-save");
    button.disabled = true; // until the answer: another key press would send it again
    try {
      const saved = await this.#save(values);
      this.#dialog.close();
      this.#onSaved(saved);
    } catch (problem) {
      this.#showErrors(problem.errors ?? {}, problem.message);
    } finally {
      button.disabled = false;
    }
  }

  // Sends changed fields alone: the address is shown without its password, and must not lose it.
  #save(values) {
    const changes = Object.entries(values).filter(([name, value]) => value !== this.#initial[name]);
    const fields = Object.fromEntries(changes);
    if (this.#source === null) return addSource(fields);
    return changes.length > 0 ? changeSource(this.#source.id, fields) : this.#source;
  }

  #errorsIn({ name, url, rate, purpose, ground }) {
    const { min, max } = this.#rate;
    const errors = purposeErrors({ purpose, ground });
    if (!name) errors.name = "Enter a name.";
    if (!url) errors.url = "Enter an address.";
    if (!(rate > min && rate <= max)) errors.rate = `Enter a number above ${min}, up to ${max}.`;
    return errors;
  }

  // Shows the errors of fields beside them, or else `message` above them.
  #showErrors(errors, message = "") {
    const isOfField = FIELDS.some((name) => errors[name]);
    showText(byId("source-error"), isOfField ? "" : message);
    showFieldErrors(this.#form, FIELDS, errors);
  }
}
