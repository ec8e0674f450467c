// Growing pauses between attempts.

export class Backoff {
  failures = 0; // since the last success
  #pauses;

  /** @param {number[]} pauses ms before each new attempt; the last one repeats */
  constructor(pauses) {
    this.#pauses = pauses;
  }

  /** Count a failure; return the pause (ms) before the next attempt. */
  next() {
    this.failures += 1;
    return this.#pauses[Math.min(this.failures, this.#pauses.length) - 1];
  }

  reset() {
    this.failures = 0;
  }
}
