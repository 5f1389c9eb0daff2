// The demo page's own few lines: its colour scheme, and questions that open the chat.
(() => {
  "use strict";
  const KEY = "nordlys:theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const apply = (theme) => {
    if (!theme) return;
    document.documentElement.dataset.theme = theme;
    document.querySelector("flerkanal-chat")?.setAttribute("data-theme", theme);
  };

  apply(kept());

  addEventListener("DOMContentLoaded", () => {
    // The chat's script may come later than this one.
    customElements.whenDefined("flerkanal-chat").then(() => setTimeout(() => apply(kept())));

    document.querySelector("[data-theme-switch]").addEventListener("click", () => {
      const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // It lasts as long as the page, then.
      }
      apply(next);
    });

    for (const button of document.querySelectorAll("[data-ask]")) {
      button.addEventListener("click", () => {
        document.querySelector("flerkanal-chat")?.ask(button.dataset.ask);
      });
    }
  });
})();
