// The live board: as the queue, and one dialog for giving any conversation to somebody else.
import "./queue.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-give]");
  if (!button) return;
  const dialog = document.getElementById("give");
  const title = document.getElementById("give-title");
  title.textContent = title.dataset.title.replace("{customer}", button.dataset.customer);
  dialog.querySelector("form").action = button.dataset.give;
  dialog.showModal();
});
