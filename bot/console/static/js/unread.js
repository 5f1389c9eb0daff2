// Which messages nobody here has looked at yet, shared by all tabs of this browser.
const KEY = "console:unread";

function all() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function keep(unreads) {
  localStorage.setItem(KEY, JSON.stringify(unreads));
}

// Several tabs hear of the same message: it counts once, by its id.
export function unread(conversation, id) {
  const unreads = all();
  const ids = unreads[conversation] ?? [];
  if (!ids.includes(id)) keep({ ...unreads, [conversation]: [...ids, id].slice(-99) });
}

export function read(conversation) {
  const { [conversation]: gone, ...rest } = all();
  if (gone) keep(rest);
}

export function isUnread(conversation) {
  return all()[conversation]?.length ?? 0;
}

export function unreadTotal() {
  return Object.values(all()).reduce((sum, ids) => sum + ids.length, 0);
}

export function unreadOnes() {
  return Object.keys(all());
}
