// Keeps "how long ago" true: elements with data-since (seconds since the epoch).
const words = {
  en: ["under 1 min", "min", "h", "d"],
  nb: ["under 1 min", "min", "t", "d"],
}[document.documentElement.lang === "nb" ? "nb" : "en"];

export function lasting(seconds) {
  const minutes = Math.floor(Math.max(seconds, 0) / 60);
  if (minutes < 1) return words[0];
  if (minutes < 60) return `${minutes} ${words[1]}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} ${words[2]} ${minutes % 60} ${words[1]}`;
  return `${Math.floor(hours / 24)} ${words[3]} ${hours % 24} ${words[2]}`;
}

function tick() {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll("[data-since]")) {
    const said = lasting(now - Number(element.dataset.since));
    if (element.textContent !== said) element.textContent = said;
  }
}

setInterval(tick, 10_000);
