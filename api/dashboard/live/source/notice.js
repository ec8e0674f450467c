// The dialog with what people in view of a source are to be told, to be read here or copied elsewhere.

import { noticeOf } from "../../app/sources-api.js";
import { write } from "../../lib/elements.js";

const find = (id) => document.getElementById(id);

export class Notice {
  #text = find("notice-text");

  constructor() {
    find("notice-copy").addEventListener("click", () => this.#copy());
  }

  async open(source) {
    const told = await noticeOf(source).catch((problem) => problem.message);
    this.#text.replaceChildren(
      ...paragraphsOf(told).map((words) =>
        Object.assign(document.createElement("p"), { textContent: words }),
      ),
    );
    write(find("notice-copy"), "Copy");
    const dialog = find("notice-dialog");
    dialog.showModal();
    dialog.scrollTop = 0; // where the button that has the focus is far below
  }

  // Browsers give the clipboard to secure pages alone; on others the text is marked, ready for the keys that copy.
  async #copy() {
    try {
      await navigator.clipboard.writeText(
        [...this.#text.children].map(({ textContent }) => textContent).join("\n\n"),
      );
      write(find("notice-copy"), "Copied");
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // none there, or not allowed
      getSelection().selectAllChildren(this.#text);
      write(find("notice-copy"), "Marked: copy it with Ctrl+C");
    }
  }
}

// The paragraphs of a text whose lines are broken at some width, each as one line.
function paragraphsOf(text) {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*/g, " "));
}
