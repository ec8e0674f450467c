// The dialog with the notice for people in view of a source, to be read or copied.

import { fetchNotice } from "../../app/sources-api.js";
import { byId, make, setText } from "../../lib/elements.js";

const notice = byId("notice-text");
const button = byId("notice-copy");
button.addEventListener("click", copy);

/** @param {string} source id */
export async function openNotice(source) {
  const text = await fetchNotice(source).catch((problem) => problem.message);
  notice.replaceChildren(...paragraphsOf(text).map((textContent) => make("p", { textContent })));
  setText(button, "Copy");
  const dialog = byId("notice-dialog");
  dialog.showModal();
  dialog.scrollTop = 0; // the button with the focus may be far below
}

// Browsers give the clipboard to secure pages alone; on others the text is selected, ready to be copied.
async function copy() {
  const text = [...notice.children].map(({ textContent }) => textContent).join("\n\n");
  try {
    await navigator.clipboard.writeText(text);
    setText(button, "Copied");
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // none, or not allowed
    getSelection().selectAllChildren(notice);
    setText(button, "Selected: press Ctrl+C to copy");
  }
}

// Lines of a text are wrapped: a paragraph becomes one line.
function paragraphsOf(text) {
  const paragraphs = text.trim().split(/\n{2,}/);
  return paragraphs.map((paragraph) => paragraph.replace(/\s*\n\s*/g, " "));
}
