const GROUP_WITHIN = 5 * 60_000;
// What channels are called where the server does not offer them and so does not say.
const CHANNEL_TITLES = { telegram: "Telegram", messenger: "Messenger", slack: "Slack", web: "web" };

// One was said soon after the other, by the same and in the same place.
const follows = (a, b) =>
  a && b && a.from === b.from && a.name === b.name && a.channel === b.channel && Math.abs(new Date(b.at) - new Date(a.at)) < GROUP_WITHIN;

// The lines of the conversation, in `list`. What has been made of a line stays, so that what a
// customer is filling in stays too.
class Thread {
  constructor(chat) {
    this.chat = chat;
    this.list = h("div");
    this.nodes = new Map();
    this.contents = new Contents(chat);
  }

  // Make all anew, in the language of now.
  clear() {
    this.nodes.clear();
    this.list.replaceChildren();
  }

  // Everything that is said, in order: kept by the server, on its way, waiting, refused.
  entries() {
    const { lines, sent, queue, failed, online } = this.chat.connection;
    const own = (item, state) => {
      const place = item.location && [{ kind: "location", ...item.location }];
      const content = place ? { kind: "shared", text: item.text, attachments: place } : { kind: "text", text: item.text };
      return { id: item.id, from: "customer", at: item.at, state, item, content };
    };
    return [
      ...lines.map((line) => ({ ...line, state: "kept" })),
      ...[...sent.values()].map((item) => own(item, "kept")),
      ...failed.map((item) => own(item, "failed")),
      ...queue.map((item) => own(item, online ? "sending" : "waiting")),
    ];
  }

  // Show all; returns the entries. `live`: the newest has come just now.
  show(live) {
    const entries = this.entries();
    const wanted = [];
    // What the customer said next, for each line.
    const answers = [];
    const lastFromStaff = entries.map((entry) => entry.from).lastIndexOf("staff");
    const lastFromCustomer = entries.map((entry) => entry.from).lastIndexOf("customer");
    for (let index = entries.length - 1, next = null; index >= 0; index -= 1) {
      const { from, state, content } = entries[index];
      answers[index] = next;
      if (from === "customer" && state !== "failed") next = content.text || "";
    }
    entries.forEach((entry, index) => {
      const [before, after] = [entries[index - 1], entries[index + 1]];
      const time = new Date(entry.at);
      if (!before || new Date(before.at).toDateString() !== time.toDateString()) wanted.push(this.day(time));
      const node = this.node(entry, live);
      const last = !follows(entry, after) || after.state !== entry.state;
      const timed = last && (index === lastFromCustomer || !after || new Date(after.at) - time > GROUP_WITHIN);
      node.classList.toggle("first", !follows(before, entry));
      node.classList.toggle("last", last);
      for (const state of ["waiting", "failed"]) node.classList.toggle(state, entry.state === state);
      const meta = node.querySelector(".meta");
      const text = this.meta(entry, time, last, timed);
      if (meta.textContent !== text) meta.textContent = text;
      const overtaken = entry.from === "bot" && index < lastFromStaff;
      if (entry.from !== "customer") this.contents.settle(node, answers[index], overtaken);
      wanted.push(node);
    });
    this.arrange(wanted);
    return entries;
  }

  arrange(wanted) {
    const keep = new Set(wanted);
    for (const child of [...this.list.children]) if (!keep.has(child)) child.remove();
    for (const [id, node] of this.nodes) if (!keep.has(node)) this.nodes.delete(id);
    wanted.forEach((node, index) => {
      const current = this.list.children[index];
      if (current !== node) this.list.insertBefore(node, current || null);
    });
  }

  day(time) {
    const key = `day ${time.toDateString()}`;
    const known = this.nodes.get(key);
    if (known) return known;
    const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
    const days = Math.round((midnight(time) - midnight(new Date())) / 86_400_000);
    const text = days > -2
      ? new Intl.RelativeTimeFormat(this.chat.locale, { numeric: "auto" }).format(days, "day")
      : new Intl.DateTimeFormat(this.chat.locale, { weekday: "long", day: "numeric", month: "long" }).format(time);
    const node = h("div", { class: "day" }, text.charAt(0).toUpperCase() + text.slice(1));
    this.nodes.set(key, node);
    return node;
  }

  node(entry, live) {
    const known = this.nodes.get(entry.id);
    if (known) return known;
    const { words } = this.chat;
    const parts = this.contents.nodes(entry).filter(Boolean);
    const by = entry.from === "staff" ? signature(words, entry.name) : null;
    const node = h("div", { class: `message ${entry.from}`, hidden: !parts.length }, by, hidden(`${this.who(entry)}: `), ...parts, h("div", { class: "meta" }));
    if (live || entry.state !== "kept") node.classList.add("fresh");
    this.nodes.set(entry.id, node);
    return node;
  }

  // Who said it, in words.
  who({ from, name }) {
    const { words } = this.chat;
    if (from === "staff" && name) return `${name}, ${words.staff}`;
    return { customer: words.you, staff: words.staff }[from] || words.bot;
  }

  // The small print under a line: how far it has come, where it was said, when, and by whom.
  meta(entry, time, last, timed) {
    const { words, locale } = this.chat;
    if (entry.state === "sending") return words.sending;
    if (entry.state === "waiting") return words.waiting;
    if (entry.state === "failed") {
      return `${words.failed}. ${words.refused[entry.item.code] || entry.item.reason || ""}`.trim();
    }
    const parts = [];
    if (timed && entry.from === "customer") parts.push(words.sent);
    if (timed && entry.from === "staff") parts.push(words.staff);
    if (last && entry.channel) parts.push(words.on(this.title(entry.channel)));
    if (timed) parts.push(new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(time));
    const text = parts.join(" ");
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  title(channel) {
    const known = this.chat.connection.channels.find((one) => one.name === channel);
    return known?.title || CHANNEL_TITLES[channel] || channel.charAt(0).toUpperCase() + channel.slice(1);
  }
}
