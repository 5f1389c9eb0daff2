// What is being written stays through a reload: kept in this tab, for each conversation.
let here = "";

function keyOf(field) {
  return `draft:${here}:${field.id}`;
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

export function dropDraft(field) {
  sessionStorage.removeItem(keyOf(field));
}

document.addEventListener("input", ({ target }) => {
  if (!here || !target.matches("#reply-text, #note-text")) return;
  if (target.value) sessionStorage.setItem(keyOf(target), target.value);
  else dropDraft(target);
});
document.addEventListener("console:replaced", ({ detail }) => detail.id === "compose" && restore());
