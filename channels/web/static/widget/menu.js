// The menu, and what it does that needs a question first.
class Menu {
  constructor(chat) {
    this.chat = chat;
    this.button = h(
      "button",
      { class: "tool", type: "button", "aria-expanded": "false", "aria-controls": "options", onclick: () => this.toggle() },
      icon("menu"),
    );
    this.options = h("div", { class: "options", id: "options", hidden: true });
    this.confirm = h("dialog", { class: "question", "aria-labelledby": "question" });
  }

  get isOpen() {
    return !this.options.hidden;
  }

  toggle(open = this.options.hidden) {
    if (open) this.options.replaceChildren(...this.items());
    this.options.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.options.firstChild.focus();
  }

  items() {
    const { words } = this.chat;
    const item = (title, onclick, lang) => h("button", { type: "button", lang, onclick }, title);
    const privacy = this.chat.dataset.privacyUrl;
    return [
      ...this.chat.connection.channels.map((channel) => channel.linked
        ? item(words.unlink(channel.title), () => this.askUnlink(channel))
        : item(words.goOn(channel.title), () => this.goOn(channel))),
      item(words.restart, () => this.askRestart()),
      item(words.save, () => this.save()),
      item(words.language, () => this.chat.switchLanguage(), this.chat.language === "nb" ? "en" : "nb"),
      ...(privacy ? [link(words, privacy, null, words.privacy)] : []),
    ];
  }

  // Open the way into another channel.
  goOn(channel) {
    this.toggle(false);
    this.chat.linking.open(channel);
  }

  askUnlink(channel) {
    const { words } = this.chat;
    this.confirmed(words.unlinkHow(channel.title), words.yesUnlink, () => {
      this.chat.connection.unlink(channel.name);
      this.button.focus();
    });
  }

  askRestart() {
    const { words } = this.chat;
    this.confirmed(words.confirm, words.yes, () => {
      this.chat.connection.startOver();
      this.chat.input.focus();
    });
  }

  // A question before something that can't be undone.
  confirmed(question, yes, act) {
    const done = (agreed) => {
      this.confirm.close();
      if (agreed) act();
      else this.button.focus();
    };
    this.toggle(false);
    this.confirm.replaceChildren(
      h("p", { id: "question" }, question),
      h("div", { class: "choices" },
        h("button", { class: "choice", type: "button", onclick: () => done(false) }, this.chat.words.no),
        h("button", { class: "choice", type: "button", onclick: () => done(true) }, yes)),
    );
    this.confirm.oncancel = () => this.button.focus();
    this.confirm.showModal();
  }

  save() {
    const format = new Intl.DateTimeFormat(this.chat.locale, { dateStyle: "short", timeStyle: "short" });
    const text = this.chat.connection.lines.map((line) => {
      const { thread } = this.chat;
      return `${format.format(new Date(line.at))} ${thread.who(line)}: ${thread.contents.plain(line.content)}`;
    }).join("\n");
    const href = URL.createObjectURL(new Blob([text + "\n"], { type: "text/plain;charset=utf-8" }));
    h("a", { href, download: `chat-${new Date().toISOString().slice(0, 10)}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1_000);
    this.toggle(false);
    this.button.focus();
  }
}
