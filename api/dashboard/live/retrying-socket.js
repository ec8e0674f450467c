// A websocket that is opened again, after growing pauses, whenever it breaks.

import { openSocket, signOut } from "../app/http.js";
import { Backoff } from "../lib/backoff.js";

/** Codes with which the API closes a websocket. */
export const BAD_REQUEST = 4400;
const UNAUTHORISED = 4401;

export class RetryingSocket {
  #target;
  #on;
  #backoff;
  #socket = null;
  #attempt = null; // names the newest attempt to open; null: closed
  #timer = null;

  /**
   * @param {() => [string, object]} target returns path and query of the API, for each attempt
   * @param {number[]} pauses ms before each new attempt
   * @param {object} on callbacks: message(data), and closed(code, problem), which gets code 0 when no
   *   connection was made, and returns true to have the socket opened again
   */
  constructor(target, pauses, on) {
    this.#target = target;
    this.#backoff = new Backoff(pauses);
    this.#on = on;
  }

  get isOpen() {
    return this.#socket !== null;
  }

  async open() {
    if (this.#attempt !== null) return;
    const attempt = Symbol("attempt");
    this.#attempt = attempt;
    let socket;
    try {
      socket = await openSocket(...this.#target());
    } catch (problem) {
      if (this.#attempt === attempt) this.fail(0, problem);
      return;
    }
    if (this.#attempt !== attempt) {
      socket.close();
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#on.message(data);
    socket.onclose = ({ code }) => this.fail(code);
  }

  /** Take the connection for broken. */
  fail(code = 0, problem = null) {
    this.close();
    if (code === UNAUTHORISED) signOut();
    if (!this.#on.closed(code, problem)) return;
    this.#timer = setTimeout(() => this.open(), this.#backoff.next());
  }

  /** Begin with the shortest pause again: the connection works. */
  resetBackoff() {
    this.#backoff.reset();
  }

  close() {
    clearTimeout(this.#timer);
    this.#attempt = null;
    if (this.#socket === null) return;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }
}
