// Repeated requests, none while the page is hidden.

import { isPageVisible } from "../lib/elements.js";

/**
 * Run a task after a delay (ms), and again and again, each time a pause (ms) after it has ended.
 * @param {() => number} pause
 * @returns {() => Promise<void>} runs the task at once
 */
export function poll(task, pause, delay = 0) {
  let timer = setTimeout(run, delay);
  async function run() {
    try {
      if (isPageVisible()) await task();
    } finally {
      clearTimeout(timer); // of a run that has ended in the meantime
      timer = setTimeout(run, pause());
    }
  }
  return run;
}
