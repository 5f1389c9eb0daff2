// Canned answers: "/" opens a list that is searched while typing; Enter puts one into the reply.
import { draft } from "./composer.js";
import { onKey } from "./keys.js";
import { getHtml } from "./request.js";

const dialog = () => document.getElementById("canned");
const query = () => document.getElementById("canned-query");
const list = () => document.getElementById("canned-list");
let asked = 0;

async function search() {
  const number = (asked += 1);
  const url = new URL(document.getElementById("reply").dataset.canned, location.href);
  url.searchParams.set("q", query().value);
  const html = await getHtml(url);
  if (number !== asked) return; // a later search has overtaken this one
  list().innerHTML = html;
  mark(0);
}

function options() {
  return [...list().querySelectorAll("[role=option]")];
}

function mark(at) {
  const all = options();
  for (const [index, option] of all.entries()) option.setAttribute("aria-selected", index === at);
  const chosen = all[at];
  query().setAttribute("aria-activedescendant", chosen?.id ?? "");
  chosen?.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  if (!option) return;
  dialog().close();
  draft(option.dataset.text);
}

function open() {
  if (!document.getElementById("reply") || !dialog()) return false;
  dialog().showModal();
  query().value = "";
  query().focus();
  search();
  return true;
}

onKey("/", open);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-canned]")) open();
  choose(event.target.closest("#canned-list [role=option]"));
});
document.addEventListener("input", ({ target }) => {
  if (target.id === "canned-query") search();
  // A slash at the very beginning of a reply asks for the list, too.
  if (target.id === "reply-text" && target.value === "/") {
    target.value = "";
    open();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "canned-query") return;
  const at = options().findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") mark(Math.min(at + 1, options().length - 1));
  else if (event.key === "ArrowUp") mark(Math.max(at - 1, 0));
  else if (event.key === "Enter") choose(options()[at]);
  else return;
  event.preventDefault();
});
