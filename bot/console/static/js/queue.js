// The queue and the board stay true by themselves: their rows are fetched anew when something changed.
import { onKey } from "./keys.js";
import { getHtml } from "./request.js";
import { on } from "./stream.js";

const rows = document.getElementById("rows");
let busy = false;
let again = false;

async function refresh() {
  again = busy;
  if (busy || !rows) return;
  busy = true;
  try {
    const focused = document.activeElement?.closest?.("[data-handoff]")?.dataset.handoff;
    const which = document.activeElement?.tagName;
    rows.innerHTML = await getHtml(rows.dataset.refresh);
    // Who was about to press something is still there.
    const row = focused && rows.querySelector(`[data-handoff="${CSS.escape(focused)}"]`);
    row?.querySelector(which === "BUTTON" ? "button" : "a")?.focus();
  } catch {
    setTimeout(refresh, 5000);
  } finally {
    busy = false;
    if (again) refresh();
  }
}

on("queue", refresh);
on("resync", refresh);
onKey("t", () => document.querySelector("[data-take-next]")?.click());
