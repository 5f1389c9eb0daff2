// Rings and notifies: by one tab for all of them, and only when nobody looks.
import { flash } from "./flash.js";
import { leading, on } from "./stream.js";
import { onUnread, unread, unreadTotal } from "./unread.js";

const title = document.title;
const { sound, newMessage, yoursNow, someoneWaits } = document.body.dataset;

function showTotal() {
  const total = unreadTotal();
  document.title = total ? `(${total}) ${title}` : title;
  for (const badge of document.querySelectorAll("[data-badge=conversations]")) {
    badge.textContent = total;
    badge.hidden = !total;
  }
}

function tell(key, heading, text, url) {
  if (!leading()) return;
  if (sound === "yes") ring();
  if (globalThis.Notification?.permission !== "granted" || document.hasFocus()) return;
  const note = new Notification(heading, { body: text, tag: key, icon: document.querySelector("link[rel=icon]").href });
  note.addEventListener("click", () => {
    focus();
    location.assign(url);
    note.close();
  });
}

// Two soft notes. Browsers keep quiet until somebody has clicked on the page.
let audio = null;
function ring() {
  audio ??= new AudioContext();
  if (audio.state !== "running") audio.resume();
  for (const [pitch, begin] of [[660, 0], [880, 0.13]]) {
    const note = new OscillatorNode(audio, { frequency: pitch });
    const volume = new GainNode(audio, { gain: 0 });
    const at = audio.currentTime + begin;
    volume.gain.setTargetAtTime(0.12, at, 0.005);
    volume.gain.setTargetAtTime(0, at + 0.03, 0.08);
    note.connect(volume).connect(audio.destination);
    note.start(at);
    note.stop(at + 0.6);
  }
}

const looksAt = (conversation) =>
  document.hasFocus() && document.querySelector(".thread")?.dataset.conversation === conversation;

on("heard", ({ conversation, id, text }) => {
  if (looksAt(conversation)) return;
  unread(conversation, id, text);
  tell(conversation, newMessage, text, `/console/conversations?c=${encodeURIComponent(conversation)}`);
});

// Whoever could take them hears of new ones in the queue, unless they are away.
let waited = null;
on("queue", ({ waiting }) => {
  const more = waited !== null && waiting > waited;
  waited = waiting;
  const place = document.querySelector("[data-place=queue]");
  if (more && place && document.querySelector(".presence-available")) tell("queue", someoneWaits, "", place.href);
});

on("handoff", ({ conversation, yours }) => {
  if (!yours || looksAt(conversation)) return;
  if (document.visibilityState === "visible") flash(yoursNow);
  tell(conversation, yoursNow, "", `/console/conversations?c=${encodeURIComponent(conversation)}`);
});

onUnread(showTotal);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-allow-notifications]");
  if (button) globalThis.Notification?.requestPermission().then(() => (button.hidden = true));
});
for (const button of document.querySelectorAll("[data-allow-notifications]")) {
  button.hidden = globalThis.Notification?.permission !== "default";
}
showTotal();
