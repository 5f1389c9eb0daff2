// One event stream for the page. Browsers allow few connections to a server, so of many open tabs
// only those that are seen keep one, and one more that rings and notifies for all of them.
import { getHtml } from "./request.js";

const MISSED_AFTER = 5000;
const handlers = new Map();
let source = null;
let leads = false;
let missing = 0;

const TYPES = ["lines", "understood", "heard", "queue", "handoff", "writing", "colleagues", "resync", "bye"];

// `handler` gets the event's data. `resync` comes with each connection, too: what happened before it
// may have been missed.
export function on(type, handler) {
  handlers.set(type, [...(handlers.get(type) ?? []), handler]);
}

export function leading() {
  return leads || !navigator.locks;
}

export function listen() {
  if (navigator.locks) {
    navigator.locks.request("flerkanal-console", () => {
      leads = true;
      connect();
      return new Promise(() => {});
    });
  }
  document.addEventListener("visibilitychange", () => (wanted() ? connect() : disconnect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
  connect();
}

function wanted() {
  return leading() || document.visibilityState === "visible";
}

function connect() {
  if (source || !wanted()) return;
  source = new EventSource(document.body.dataset.stream);
  source.onopen = () => {
    document.body.dataset.connected = "yes";
    clearTimeout(missing);
    missing = 0;
    showMissing(false);
    tell("resync", {});
  };
  source.onerror = () => {
    document.body.dataset.connected = "no";
    missing ||= setTimeout(showMissing, MISSED_AFTER, true);
    // A refused stream is never tried again by the browser, nor is it told why: try later, and ask
    // for a page, whose answer leads on where nobody is signed in any more.
    if (source?.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(connect, 5000);
      getHtml(document.querySelector(".account").href).catch(() => {});
    }
  };
  for (const type of TYPES) source.addEventListener(type, (event) => tell(type, JSON.parse(event.data)));
}

function disconnect() {
  source?.close();
  source = null;
}

// A short gap, such as while the server starts anew, is nobody's worry.
function showMissing(shown) {
  document.getElementById("missing").hidden = !shown;
}

function tell(type, data) {
  for (const handler of handlers.get(type) ?? []) handler(data);
}

on("bye", () => location.reload()); // the session has ended: the server leads on
