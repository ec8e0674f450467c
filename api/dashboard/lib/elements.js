// Small acts on the page's elements.

// Changes an element's text only where it differs, so that nothing is laid out or spoken anew for nothing.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
