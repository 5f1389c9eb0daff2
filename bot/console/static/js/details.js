// The panel with the details: beside the conversation where there is room, over it on a phone.
import { onKey } from "./keys.js";

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-toggle-details]")) return;
  const shown = document.body.classList.toggle("with-details");
  for (const button of document.querySelectorAll("[aria-controls=details]")) button.setAttribute("aria-expanded", shown);
  (shown ? document.querySelector("#details button") : document.querySelector(".thread [data-toggle-details]"))?.focus();
});

for (const key of ["x", "b", "e"]) {
  onKey(key, () => {
    const button = document.querySelector(`[data-key="${key}"]`);
    if (!button) return false;
    document.getElementById(button.dataset.opens)?.showModal();
    return true;
  });
}
