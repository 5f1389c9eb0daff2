// The history: new lines come in at their place, each once, and the reader is not moved away from
// what they read.
import { announce } from "./flash.js";

const list = document.getElementById("lines");
const history = document.querySelector(".history");
const newest = document.getElementById("newest");

export function atEnd() {
  return history ? history.scrollHeight - history.scrollTop - history.clientHeight < 60 : false;
}

export function showEnd() {
  if (!history) return;
  history.scrollTop = history.scrollHeight;
  newest.hidden = true;
}

export function addLines(html) {
  const keep = atEnd();
  const fresh = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("li.line");
  let added = 0;
  for (const line of fresh) {
    if (list.querySelector(`[data-key="${CSS.escape(line.dataset.key)}"]`)) continue;
    dropPending(line);
    place(document.adoptNode(line));
    added += 1;
  }
  if (!added) return;
  if (keep) showEnd();
  else newest.hidden = false;
}

// Lines come almost always at the end; a note or a step may belong before the last one.
function place(line) {
  const at = Number(line.dataset.at);
  let before = null;
  for (let one = list.lastElementChild; one && (one.dataset.pending || Number(one.dataset.at) > at); one = one.previousElementSibling) before = one;
  list.insertBefore(line, before);
}

// What was shown as under way has arrived: lines of one's own come in the order they were sent in.
function dropPending(line) {
  const kind = ["line-staff", "line-note"].find((name) => line.classList.contains(name));
  if (!kind || line.querySelector(".head bdi")?.textContent !== document.body.dataset.name) return;
  list.querySelector(`.pending.${kind}:not(.failed)`)?.remove();
}

export function addPending(id, text, kind) {
  const line = document.createElement("li");
  line.className = `line line-${kind} pending`;
  line.dataset.pending = id;
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  const words = document.createElement("div");
  words.className = "words";
  words.textContent = text;
  const state = document.createElement("p");
  state.className = "head state-line";
  bubble.append(state, words);
  line.append(bubble);
  list.append(line);
  showEnd();
  return { line, state };
}

export async function catchUp(url) {
  const keys = [...list.querySelectorAll(".line[data-key^=u]")];
  const after = keys.at(-1)?.dataset.key.slice(1) ?? "";
  const full = new URL(url, location.href);
  if (after) full.searchParams.set("after", after);
  const response = await fetch(full, { headers: { "HX-Request": "true" } });
  if (response.ok) addLines(await response.text());
  else if (response.status !== 401) announce(response.statusText);
}

newest?.addEventListener("click", showEnd);
history?.addEventListener("scroll", () => atEnd() && (newest.hidden = true));
