// Available or away, without leaving the page.
import { flash } from "./flash.js";
import { post, Refused } from "./request.js";

const form = document.querySelector("[data-presence]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  delete form.dataset.sent;
  const button = form.querySelector("button");
  try {
    const told = await post(form.action, { presence: button.value });
    button.className = `quiet presence-${told.presence}`;
    button.value = told.other;
    button.children[1].textContent = told.label;
    button.children[2].textContent = `: ${told.action}`;
  } catch (error) {
    if (!(error instanceof Refused)) form.submit();
    else flash(error.message, "refused");
  }
});
