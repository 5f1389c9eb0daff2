// Forms and links that htmx sends: refusals become words at the top, dialogs open and close.
import { flash } from "./flash.js";

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("HX-Redirect")) return;
  let message = "";
  try {
    message = JSON.parse(xhr.responseText).error.message;
  } catch {
    message = `${xhr.status} ${xhr.statusText}`;
  }
  flash(message, "refused");
});

document.addEventListener("htmx:sendError", () => {
  flash(document.body.dataset.noAnswer, "refused");
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
});

// Who clicks twice means once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// Back in history shows a page as it was left; the forms on it may be used again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
