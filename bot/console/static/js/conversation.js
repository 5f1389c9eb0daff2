// The page of one conversation: puts its parts together.
import "./composer.js";
import "./canned.js";
import "./details.js";
import { on } from "./stream.js";
import { addLines, atEnd, catchUp, showEnd } from "./lines.js";
import { refreshMine, markRead } from "./mine.js";
import { getHtml } from "./request.js";
import { setDrafts } from "./drafts.js";

const thread = document.querySelector(".thread");
const here = thread?.dataset.conversation;
const writing = document.getElementById("writing");
let writingUntil = 0;

if (thread) {
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  if (wanted) wanted.scrollIntoView({ block: "center" });
  else showEnd();
  setDrafts(here);
  markRead(here);
}

on("lines", ({ conversation, html }) => {
  if (conversation !== here || thread.dataset.past) return;
  addLines(html);
  showWriting("", 0);
});

on("understood", ({ conversation, understood, suggestions }) => {
  if (conversation !== here) return;
  for (const [id, html] of Object.entries(understood)) {
    const place = document.querySelector(`[data-understood="${CSS.escape(id)}"]`);
    if (place && !place.querySelector("details[open]")) place.innerHTML = html;
  }
  const offered = document.getElementById("suggestions");
  if (offered) offered.innerHTML = suggestions;
});

on("writing", ({ conversation, name }) => {
  if (conversation !== here) return;
  const words = thread.dataset;
  showWriting(name ? words.colleagueWrites.replace("{name}", name) : words.customerWrites, 6000);
});

on("colleagues", ({ conversation, names }) => {
  if (conversation !== here) return;
  const line = document.getElementById("colleagues");
  line.textContent = names.length ? thread.dataset.alsoHere.replace("{names}", names.join(", ")) : "";
});

on("handoff", async ({ conversation }) => {
  refreshMine();
  if (conversation === here) await refreshStanding();
});

on("heard", ({ conversation }) => {
  if (conversation !== here || document.visibilityState !== "visible") refreshMine();
});

on("resync", async () => {
  refreshMine();
  if (!thread) return;
  if (!thread.dataset.past) await catchUp(thread.dataset.lines);
  await refreshStanding();
});
document.addEventListener("console:behind", () => catchUp(thread.dataset.lines));

function showWriting(text, milliseconds) {
  if (!writing) return;
  const keep = atEnd();
  writing.textContent = text;
  if (keep) showEnd();
  const until = (writingUntil = Date.now() + milliseconds);
  if (text) setTimeout(() => until === writingUntil && showWriting("", 0), milliseconds);
}

// What somebody works in stays, unless it is of no use any more.
function isKept(then, now) {
  if (then.id === "standing") return false;
  if (then.id === "details") return then.contains(document.activeElement);
  return then.dataset.version === now.dataset.version;
}

// Who has it has changed: the parts of the page that depend on it are fetched anew. What is being
// written stays where the writer still has the conversation.
async function refreshStanding() {
  const html = await getHtml(thread.dataset.parts);
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const id of ["standing", "details", "compose", "dialogs"]) {
    const [now, then] = [fresh.getElementById(id), document.getElementById(id)];
    if (!now || !then || isKept(then, now)) continue;
    then.replaceChildren(...now.childNodes);
    then.dataset.version = now.dataset.version ?? "";
    window.htmx?.process(then);
    document.dispatchEvent(new CustomEvent("console:replaced", { detail: { id } }));
  }
}
