// The reply box and the note box: limits, sending once for certain, files, who types.
import { announce, flash } from "./flash.js";
import { onKey } from "./keys.js";
import { addPending } from "./lines.js";
import { dropDraft } from "./drafts.js";
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

// sending

async function send(url, fields, field, kind) {
  const text = field.value;
  const { line, state } = addPending(fields.message_id, text, kind);
  state.textContent = words().sending;
  field.value = "";
  dropDraft(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  try {
    await post(url, fields);
    state.textContent = words().sent;
    announce(words().sent);
    setTimeout(() => line.isConnected && document.dispatchEvent(new Event("console:behind")), 4000);
  } catch (error) {
    fail(error, { url, fields, line, state, text, field, kind });
  }
}

// What was refused can't be sent again as it is; what did not get through can, under the same id.
function fail(error, sent) {
  const { line, state, text, field } = sent;
  line.classList.add("failed");
  if (error instanceof Refused && error.status < 500) {
    flash(error.message, "refused");
    line.remove();
    if (!field.value) {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return;
  }
  state.textContent = `${words().notSent} `;
  announce(words().notSent);
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = words().again;
  again.addEventListener("click", async () => {
    again.remove();
    line.classList.remove("failed");
    state.textContent = words().sending;
    try {
      await post(sent.url, sent.fields);
      state.textContent = words().sent;
    } catch (next) {
      fail(next, sent);
    }
  });
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

export function draft(text) {
  choose("reply");
  const field = document.getElementById("reply-text");
  field.value = text;
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
