// The list of one's own conversations, with marks at those where something new was said.
import { getHtml } from "./request.js";
import { on } from "./stream.js";
import { onUnread, read, unread, unreadOf, unreadOnes } from "./unread.js";

const list = document.getElementById("mine");
let refreshing = false;
let again = false;

export async function refreshMine() {
  if (!list) return;
  again = refreshing;
  if (refreshing) return;
  refreshing = true;
  try {
    const focused = document.activeElement?.closest?.("[data-conversation]")?.dataset.conversation;
    list.innerHTML = await getHtml(list.dataset.refresh);
    // What one has no more needs no mark.
    const own = new Set([...list.querySelectorAll("[data-conversation]")].map((link) => link.dataset.conversation));
    for (const conversation of unreadOnes()) if (!own.has(conversation)) read(conversation);
    show();
    if (focused) list.querySelector(`[data-conversation="${CSS.escape(focused)}"]`)?.focus();
  } finally {
    refreshing = false;
    if (again) refreshMine();
  }
}

export function markRead(conversation) {
  read(conversation);
}

function show() {
  for (const link of list?.querySelectorAll("[data-conversation]") ?? []) {
    const place = link.querySelector("[data-unread]");
    const { count, text } = unreadOf(link.dataset.conversation);
    place.textContent = count || "";
    // The record, of which the list is made, may be a moment behind.
    if (text) link.querySelector("[data-last]").textContent = text;
    place.parentElement.hidden = !count;
  }
}

on("heard", ({ conversation, id, text }) => {
  const link = list?.querySelector(`[data-conversation="${CSS.escape(conversation)}"]`);
  if (link) link.querySelector("[data-last]").textContent = text;
  if (link?.getAttribute("aria-current") === "true" && document.visibilityState === "visible") read(conversation);
  else unread(conversation, id, text);
});
document.addEventListener("visibilitychange", () => {
  const here = document.querySelector(".thread")?.dataset.conversation;
  if (here && document.visibilityState === "visible") markRead(here);
});
onUnread(show);
show();
