// The reply box and the note box: limits, sending once for certain, files, who types.
import { announce, flash } from "./flash.js";
import { onKey } from "./keys.js";
import { addPending } from "./lines.js";
import { dropDraft, keepDraft } from "./drafts.js";
import { post, Refused } from "./request.js";

const TYPING_EVERY = 4000;
let typedAt = 0;

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `c${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const words = () => document.querySelector(".thread").dataset;

// limits

function showLeft(field) {
  const form = field.form;
  const left = document.getElementById("left");
  const limit = Number(form.dataset.limit);
  if (!limit || form.id !== "reply") return;
  const used = field.value.length;
  const parts = Math.max(1, Math.ceil(used / limit));
  left.textContent = parts > 1 ? left.dataset.many.replace("{count}", parts) : left.dataset.one.replace("{left}", limit - used);
  left.classList.toggle("near", used > limit * 0.9);
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.35)}px`;
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches("#reply-text, #note-text")) return;
  showLeft(target);
  grow(target);
  if (target.id === "reply-text" && target.value && Date.now() - typedAt > TYPING_EVERY) {
    typedAt = Date.now();
    post(target.form.dataset.typing).catch(() => {});
  }
});

// sending: one after the other, or a later message might overtake an earlier one

let before = Promise.resolve();
const unsent = new Set();

async function send(url, fields, field, kind) {
  const text = field.value;
  const sent = { url, fields, text, field, flies: false, ...addPending(fields.message_id, text, kind) };
  unsent.add(sent);
  // The message ends what the customer saw of the typing before it.
  typedAt = 0;
  field.value = "";
  dropDraft(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (await transmit(sent)) announce(words().sent);
}

async function transmit(sent) {
  sent.line.classList.remove("failed");
  sent.state.textContent = words().sending;
  const turn = before.then(() => {
    sent.flies = true;
    return post(sent.url, sent.fields);
  });
  before = turn.catch(() => {});
  try {
    await turn;
  } catch (error) {
    sent.flies = false;
    fail(error, sent);
    return false;
  }
  unsent.delete(sent);
  sent.state.textContent = words().sent;
  setTimeout(() => sent.line.isConnected && document.dispatchEvent(new Event("console:behind")), 4000);
  return true;
}

// Who leaves the page finds there again what has not been sent. What is under way goes on without it,
// unless it was refused because nobody is signed in.
document.addEventListener("console:signed-out", () => {
  for (const one of unsent) one.flies = false;
});
addEventListener("pagehide", () => {
  for (const one of unsent) if (!one.flies) keepDraft(one.field, one.text);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const one of unsent) dropDraft(one.field);
});

// What was refused can't be sent again as it is; what did not get through can, under the same id.
function fail(error, sent) {
  const { line, state, text, field } = sent;
  line.classList.add("failed");
  if (error instanceof Refused && error.status < 500) {
    flash(error.message, "refused");
    unsent.delete(sent);
    const box = document.getElementById(field.id);
    if (!box || box.value) {
      // It stays to be seen, and copied from, where it can't go back.
      state.textContent = words().notSent;
      return;
    }
    line.remove();
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  state.textContent = `${words().notSent} `;
  announce(words().notSent);
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = words().again;
  again.addEventListener("click", () => transmit(sent));
  state.append(again);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "reply" && form.id !== "note") return;
  event.preventDefault();
  delete form.dataset.sent;
  const field = form.elements.text;
  if (!field.value.trim()) return;
  const fields = { text: field.value, message_id: newId() };
  send(form.action, fields, field, form.id === "note" ? "note" : "staff");
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("#reply-text, #note-text") || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape") event.target.blur();
});

// reply or note

function choose(mode, focus = true) {
  for (const name of ["reply", "note"]) {
    const chosen = name === mode;
    const tab = document.getElementById(`tab-${name}`);
    const panel = document.getElementById(`panel-${name}`);
    if (tab) {
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (panel && tab) panel.hidden = !chosen;
  }
  document.getElementById("compose")?.classList.toggle("noting", mode === "note");
  if (focus) document.getElementById(`${mode}-text`)?.focus();
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) choose(tab.id.slice(4));
  const suggestion = event.target.closest("[data-draft]");
  if (suggestion) draft(suggestion.dataset.draft);
});
document.addEventListener("keydown", (event) => {
  if (event.target.role !== "tab" && event.target.getAttribute("role") !== "tab") return;
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    const other = event.target.id === "tab-reply" ? "note" : "reply";
    choose(other, false);
    document.getElementById(`tab-${other}`).focus();
  }
});

// Words to begin from; what was written already stays.
export function draft(text) {
  choose("reply");
  const field = document.getElementById("reply-text");
  const written = field.value.slice(0, field.selectionStart);
  const between = !written || /\s$/.test(written) ? "" : "\n";
  field.setRangeText(between + text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

onKey("r", () => document.getElementById("reply-text") && choose("reply"));
onKey("n", () => document.getElementById("note-text") && choose("note"));

// files

document.addEventListener("change", async ({ target }) => {
  if (target.id !== "file" || !target.files.length) return;
  const [file] = target.files;
  const form = target.form;
  if (file.size > Number(target.dataset.most)) {
    flash(target.dataset.tooLarge, "refused");
    target.value = "";
    return;
  }
  const body = new FormData();
  const id = newId();
  body.set("message_id", id);
  body.set("handoff_id", form.dataset.handoff);
  body.set("file", file);
  target.value = "";
  const { line, state } = addPending(id, file.name, "staff");
  state.textContent = words().sending;
  try {
    await post(form.dataset.uploads, body);
    state.textContent = words().sent;
  } catch (error) {
    line.remove();
    flash(error instanceof Refused ? error.message : words().notSent, "refused");
  }
});

for (const field of document.querySelectorAll("#reply-text")) showLeft(field);
document.addEventListener("console:replaced", () => {
  const field = document.getElementById("reply-text");
  if (field) showLeft(field);
});
