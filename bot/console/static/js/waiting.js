// How many wait, in the navigation.
import { on } from "./stream.js";

on("queue", ({ waiting }) => {
  for (const badge of document.querySelectorAll("[data-badge=queue]")) {
    badge.textContent = waiting;
    badge.hidden = !waiting;
  }
});
