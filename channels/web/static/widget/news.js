// What the customer has not seen yet: counted at the launcher, and said where a person has answered
// and nobody looks: to screen readers while the chat is closed, in the tab's title while it is hidden.
class News {
  constructor(chat) {
    this.chat = chat;
    this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
    this.status = h("div", { class: "sr", role: "status" });
    this.prefix = "";
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  get isHidden() {
    return document.visibilityState !== "visible";
  }

  // `live`: the newest line has come just now.
  refresh(live = false) {
    const { chat } = this;
    const { lines } = chat.connection;
    if (chat.isOpen && !this.isHidden) this.markSeen();
    const known = lines.map((line) => line.id).lastIndexOf(chat.store.get("seen"));
    // Closed before anything came back: then the customer has seen what they said themselves.
    const seen = known < 0 ? lines.map((line) => line.from).lastIndexOf("customer") : known;
    const unseen = seen < 0 ? [] : lines.slice(seen + 1).filter((line) => line.from !== "customer");
    const count = unseen.length;
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 9 ? "9+" : String(count);
    const { words } = chat;
    chat.launcher.setAttribute("aria-label", `${chat.text("launch")}: ${words.open}${count ? `, ${words.unread(count)}` : ""}`);
    const fromPeople = unseen.filter((line) => line.from === "staff");
    const last = fromPeople[fromPeople.length - 1];
    if (chat.isOpen || !last) this.status.textContent = "";
    else if (live && last === lines[lines.length - 1]) this.status.textContent = words.news(last.name || words.staff);
    this.mark(this.isHidden && chat.isConnected ? fromPeople.length : 0);
  }

  markSeen() {
    const { connection, store } = this.chat;
    const last = connection.lines[connection.lines.length - 1];
    if (last && store.get("seen") !== last.id) store.set("seen", last.id);
  }

  // The page may have changed its title meanwhile: what it says now is kept.
  mark(count) {
    const prefix = count ? `(${count}) ` : "";
    if (prefix === this.prefix) return;
    const own = document.title.startsWith(this.prefix) ? document.title.slice(this.prefix.length) : document.title;
    document.title = prefix + own;
    this.prefix = prefix;
  }
}
