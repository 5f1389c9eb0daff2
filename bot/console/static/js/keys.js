// Keyboard shortcuts. A page adds its own with `onKey`; all are off while somebody is typing.
const actions = new Map();
const GO = { q: "queue", c: "conversations", s: "search", b: "board", f: "figures" };
let going = false;

export function onKey(key, action) {
  actions.set(key, action);
}

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (going) {
    going = false;
    const link = document.querySelector(`[data-place="${GO[event.key]}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") {
    going = true;
    setTimeout(() => (going = false), 1500);
    return;
  }
  const action = actions.get(event.key);
  if (action && action(event) !== false) event.preventDefault();
});

onKey("?", () => document.getElementById("keys").showModal());
document.querySelector("[data-open-keys]")?.addEventListener("click", () => document.getElementById("keys").showModal());

// Lists that are walked through by j and k: links or buttons marked data-walk.
function walk(step) {
  const all = [...document.querySelectorAll("[data-walk]")].filter((one) => one.offsetParent !== null);
  if (!all.length) return false;
  let at = all.indexOf(document.activeElement);
  if (at < 0) at = all.findIndex((one) => one.getAttribute("aria-current") === "true") - (step > 0 ? 0 : 1);
  all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
  return true;
}
onKey("j", () => walk(1));
onKey("k", () => walk(-1));
