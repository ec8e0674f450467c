// The dialog with the notice for people in view of a source, to be read or copied.

import { fetchNotice } from "../../app/sources-api.js";
import { byId, make, setText } from "../../lib/elements.js";

export class Notice {
  #text = byId("notice-text");
  #button = byId("notice-copy");

  constructor() {
    this.#button.addEventListener("click", () => this.#copy());
  }

  /** @param {string} source id */
  async open(source) {
    const text = await fetchNotice(source).catch((problem) => problem.message);
    const paragraphs = paragraphsOf(text).map((textContent) => make("p", { textContent }));
    this.#text.replaceChildren(...paragraphs);
    setText(this.#button, "Copy");
    const dialog = byId("notice-dialog");
    dialog.showModal();
    dialog.scrollTop = 0; // the button with the focus may be far below
  }

  // Browsers give the clipboard to secure pages alone; on others the text is selected, ready to be copied.
  async #copy() {
    const text = [...this.#text.children].map(({ textContent }) => textContent).join("\n\n");
    try {
      await navigator.clipboard.writeText(text);
      setText(this.#button, "Copied");
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // none, or not allowed
      getSelection().selectAllChildren(this.#text);
      setText(this.#button, "Selected: press Ctrl+C to copy");
    }
  }
}

// The paragraphs of a text whose lines are wrapped, each as one line.
function paragraphsOf(text) {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*/g, " "));
}
