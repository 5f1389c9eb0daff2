// Which messages nobody here has looked at yet, and the last words of each conversation that has some;
// shared by all tabs of this browser. Customers' words stay on the machine for no longer than somebody
// is signed in.
const PREFIX = "console:unread:";
const { staff } = document.body.dataset;
const KEY = PREFIX + staff;
if (!staff) for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);

function all() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function keep(unreads) {
  localStorage.setItem(KEY, JSON.stringify(unreads));
  document.dispatchEvent(new Event("console:unread"));
}

// `changed` is called when they do, in this tab or another one.
export function onUnread(changed) {
  document.addEventListener("console:unread", changed);
  addEventListener("storage", changed);
}

// Several tabs hear of the same message: it counts once, by its id.
export function unread(conversation, id, text) {
  const unreads = all();
  const ids = unreads[conversation]?.ids ?? [];
  if (!ids.includes(id)) keep({ ...unreads, [conversation]: { ids: [...ids, id].slice(-99), text } });
}

export function read(conversation) {
  const { [conversation]: gone, ...rest } = all();
  if (gone) keep(rest);
}

export function unreadOf(conversation) {
  const { ids = [], text = "" } = all()[conversation] ?? {};
  return { count: ids.length, text };
}

export function unreadTotal() {
  return Object.values(all()).reduce((sum, { ids }) => sum + ids.length, 0);
}

export function unreadOnes() {
  return Object.keys(all());
}
