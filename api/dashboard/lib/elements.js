// Helpers for the page's elements.

export const byId = (id) => document.getElementById(id);

export const isPageVisible = () => document.visibilityState === "visible";

/** Make an element. @param {...(Node | string)} children */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Change an element's text only where it differs, which spares the layout and screen readers. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show a text in an element; hide the element when the text is empty. */
export function showText(element, text) {
  setText(element, text);
  element.hidden = !text;
}

/** Give a list exactly `count` children, made by `makeChild` where they are missing; return them. */
export function fitChildren(list, count, makeChild) {
  while (list.children.length > count) list.lastChild.remove();
  while (list.children.length < count) list.append(makeChild());
  return [...list.children];
}

/** Make the `element` of each item a list's child, in this order; those that stay keep their focus. */
export function arrangeChildren(list, items) {
  const elements = items.map(({ element }) => element);
  const staying = new Set(elements);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  elements.forEach((element, index) => {
    const present = list.children[index] ?? null;
    if (present !== element) list.insertBefore(element, present);
  });
}

/** @param {HTMLSelectElement} select @param {[string, string][]} options value and text of each */
export function fillSelect(select, options) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}

/** Show the error of each wrong field in the element `#FIELD-error`, and focus the first wrong field. */
export function showFieldErrors(form, fields, errors) {
  for (const name of fields) {
    showText(byId(`${name}-error`), errors[name] ?? "");
    form.elements[name].setAttribute("aria-invalid", String(Boolean(errors[name])));
  }
  form.elements[fields.find((name) => errors[name])]?.focus();
}

/** Return the place of a pointer at `clientX` (css px) as a share (0..1) of an element's width. */
export function ratioOn(element, clientX) {
  const { left, width } = element.getBoundingClientRect();
  return Math.min(1, Math.max(0, (clientX - left) / width));
}

/** Open a dialog whose buttons close it; return the value of the button that was pressed. */
export async function askInDialog(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue;
}
