// Short messages at the top, and what only a screen reader tells.
export function flash(text, kind = "told") {
  const line = document.createElement("p");
  line.className = `flash flash-${kind}`;
  line.textContent = text;
  document.getElementById("flashes").append(line);
  fade(line);
}

export function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  const announcer = document.getElementById("announcer");
  announcer.append(line);
  while (announcer.childElementCount > 20) announcer.firstElementChild.remove();
}

// Refusals stay until they are clicked away; the others go by themselves, but not while looked at.
function fade(line) {
  line.addEventListener("click", () => line.remove());
  if (line.classList.contains("flash-refused")) return;
  const gone = () => (line.matches(":hover, :focus-within") ? setTimeout(gone, 2000) : line.remove());
  setTimeout(gone, 8000);
}

for (const line of document.querySelectorAll("#flashes .flash")) fade(line);
