// The live messages of a source over a websocket, resumed from the last cursor after each break.

import { Problem } from "../app/http.js";
import { adjustClock } from "../app/server-clock.js";
import { sourcePath } from "../app/sources-api.js";
import { BAD_REQUEST, RetryingSocket } from "./retrying-socket.js";

const SILENCE = 4000; // ms without a message after which the connection is dead; heartbeats come each second
const PAUSES = [250, 500, 1000, 2000, 4000]; // ms before each new attempt
const MAX_RESUMED = 120_000; // ms; after a longer break the overview says what happened, not every message
const GONE = [4403, 4404, 4410];

export class Subscription {
  #from;
  #on;
  #socket;
  #cursor = null;
  #messageAt = 0; // ms: when the last message came
  #isConnected = false;
  #problem = null; // that the server reported before it closed the connection
  #watchdog = null;

  /**
   * @param {string} source id
   * @param {string} from the history before the live messages, as in "-60s"
   * @param {object} on callbacks: message(message), heartbeat(), connected(), lost(problem or null),
   *   removed(), and missed() where messages were left out
   */
  constructor(source, from, on) {
    this.#from = from;
    this.#on = on;
    this.#socket = new RetryingSocket(() => [sourcePath(source, "live"), this.#query()], PAUSES, {
      message: (data) => this.#receive(JSON.parse(data)),
      closed: (code, problem) => this.#lose(code, problem ?? this.#problem),
    });
    this.#socket.open();
  }

  close() {
    clearTimeout(this.#watchdog);
    this.#socket.close();
  }

  #query() {
    if (this.#cursor && Date.now() - this.#messageAt > MAX_RESUMED) this.#startOver();
    this.#watch();
    return this.#cursor ? { after: this.#cursor } : { from: this.#from };
  }

  #receive(message) {
    this.#watch();
    if (message.type === "error" && message.code === "unavailable") {
      this.#problem = new Problem(message.detail, [], 503);
      return;
    }
    if (!this.#isConnected) this.#on.connected();
    this.#isConnected = true;
    this.#socket.resetBackoff();
    this.#messageAt = Date.now();
    if (message.cursor) this.#cursor = message.cursor;
    if (message.type === "heartbeat") {
      adjustClock(message.at);
      this.#on.heartbeat();
    } else if (message.type !== "error") {
      this.#on.message(message);
    } else if (["missed", "expired"].includes(message.code)) {
      this.#on.missed();
    }
  }

  #startOver() {
    this.#cursor = null;
    this.#on.missed();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#socket.fail(), SILENCE);
  }

  // Returns true when the connection is to be made again.
  #lose(code, problem) {
    this.#problem = null;
    this.#isConnected = false;
    clearTimeout(this.#watchdog);
    if (GONE.includes(code)) {
      this.#on.removed();
      return false;
    }
    if (code === BAD_REQUEST && this.#cursor) this.#startOver(); // the cursor is another server's
    this.#on.lost(problem);
    return true;
  }
}
