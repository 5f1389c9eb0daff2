// What is being written stays through a reload and a new sign-in: kept in this tab, for each person
// and conversation.
let here = "";

function keyOf(field) {
  return `draft:${document.body.dataset.staff}:${here}:${field.id}`;
}

export function setDrafts(conversation) {
  here = conversation;
  restore();
}

function restore() {
  for (const field of document.querySelectorAll("#reply-text, #note-text")) {
    const kept = sessionStorage.getItem(keyOf(field));
    if (kept && !field.value) {
      field.value = kept;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

// Words that have not been sent, behind those that are kept already.
export function keepDraft(field, text) {
  const kept = sessionStorage.getItem(keyOf(field));
  sessionStorage.setItem(keyOf(field), kept ? `${kept}\n${text}` : text);
}

export function dropDraft(field) {
  sessionStorage.removeItem(keyOf(field));
}

document.addEventListener("input", ({ target }) => {
  if (!here || !target.matches("#reply-text, #note-text")) return;
  if (target.value) sessionStorage.setItem(keyOf(target), target.value);
  else dropDraft(target);
});
document.addEventListener("console:replaced", ({ detail }) => detail.id === "compose" && restore());
