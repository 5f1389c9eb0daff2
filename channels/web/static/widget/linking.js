// Below this the seconds are counted; before, minutes are enough.
const LAST_MINUTE = 60;
// When who listens is told how long there is, in seconds.
const SPOKEN_AT = [300, 60];
const WAY_WITHIN = 15_000;

// The dialog that brings a conversation into another channel. Its states: `asking` the server for
// the way, `offered`, `late` when the way is over, `failed`, and `linked`.
class Linking {
  constructor(chat) {
    this.chat = chat;
    this.state = null;
    this.dialog = h("dialog", { class: "question linking", "aria-labelledby": "linking", onclose: () => this.closed() });
  }

  open({ name, title }) {
    this.name = name;
    this.title = title;
    this.ask();
    this.dialog.showModal();
  }

  ask() {
    this.show("asking");
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.failed(this.asked ? null : "no_network"), WAY_WITHIN);
    this.asked = this.chat.connection.askWay(this.name);
  }

  // What the server says: the way, or why there is none.
  told(frame) {
    if (!this.dialog.open || this.state === "linked") return;
    if (frame.type === "error") return this.state === "asking" && this.failed(frame.code);
    if (frame.channel !== this.name) return;
    clearTimeout(this.waiting);
    this.way = frame;
    // The customer's clock may be wrong, so that seconds from now are better than a time.
    const seconds = frame.expires_in ?? (Date.parse(frame.expires_at) - Date.now()) / 1_000;
    this.until = Date.now() + seconds * 1_000;
    this.show("offered");
  }

  failed(code) {
    clearTimeout(this.waiting);
    this.why = code;
    this.show("failed");
  }

  // The channels may have changed: is it done? Or the connection has come back.
  refresh() {
    if (this.state === "asking" && !this.asked) this.asked = this.chat.connection.askWay(this.name);
    const channel = this.chat.connection.channels.find((one) => one.name === this.name);
    if (this.dialog.open && this.state !== "linked" && channel?.linked) this.show("linked");
  }

  closed() {
    this.state = null;
    this.way = null;
    clearInterval(this.clock);
    clearTimeout(this.waiting);
    this.chat.menu.button.focus();
  }

  show(state) {
    const { title, chat: { words } } = this;
    const focused = this.dialog.contains(this.dialog.getRootNode().activeElement);
    this.state = state;
    clearInterval(this.clock);
    const again = (text) => h("button", { class: "choice", type: "button", onclick: () => this.ask() }, text);
    const note = (text) => h("p", { role: "status" }, text);
    const [body, action] = {
      asking: () => [[note(words.preparing)], null],
      offered: () => [this.offered(), null],
      late: () => [[note(words.late)], again(words.another)],
      failed: () => [[note(this.reason())], again(words.retry)],
      linked: () => [[h("p", { class: "linked", role: "status" }, icon("check"), h("span", {}, h("strong", {}, words.linked), h("br"), words.linkedHow(title)))], null],
    }[state]();
    const close = h("button", { class: "choice", type: "button", onclick: () => this.dialog.close() }, words.done);
    this.dialog.replaceChildren(h("h3", { id: "linking", tabindex: "-1" }, words.goOn(title)), ...body,
      h("div", { class: "choices" }, close, action));
    if (!action) this.dialog.lastChild.replaceChildren(close);
    if (focused) (action || this.dialog.firstChild).focus();
    if (state === "offered") {
      this.tick();
      this.clock = setInterval(() => this.tick(), 1_000);
    }
  }

  reason() {
    const { words } = this.chat;
    return { no_network: words.noNetwork, slow_down: words.tooOften }[this.why] || words.unavailable(this.title);
  }

  offered() {
    const { title, chat: { words }, way } = this;
    this.timer = h("p", { class: "note", role: "timer" });
    this.spoken = h("span", { class: "sr", role: "status" });
    const parts = [h("p", {}, words.goOnHow(title))];
    if (way.code) parts.push(this.code(way.code));
    if (way.url) parts.push(link(words, way.url, "choice open", words.openThere(title), icon("out")));
    if (way.qr) {
      const picture = h("img", { src: way.qr, alt: words.qr(title), width: "200", height: "200" });
      const figure = h("div", { class: "qr" }, h("p", {}, words.scan), picture);
      // A site's policy may forbid pictures; the link does without.
      picture.addEventListener("error", () => figure.remove());
      parts.push(figure);
    }
    return [...parts, this.timer, this.spoken];
  }

  code(text) {
    const { title, chat: { words } } = this;
    const field = h("input", { class: "code", readonly: true, value: text, "aria-label": words.code, onfocus: () => field.select() });
    const told = h("span", { class: "note", role: "status" });
    const copy = h("button", { class: "choice", type: "button", onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        told.textContent = words.copied;
      } catch {
        // Not allowed, or a page without TLS.
        field.focus();
        field.select();
        told.textContent = words.marked;
      }
    } }, words.copy);
    return h("div", { class: "field" }, h("p", {}, words.sendCode(title)), h("div", { class: "copying" }, field, copy), told);
  }

  tick() {
    const { words } = this.chat;
    const left = Math.ceil((this.until - Date.now()) / 1_000);
    if (left <= 0) return this.show("late");
    const text = left > LAST_MINUTE ? words.minutes(Math.ceil(left / 60)) : words.seconds(left);
    if (this.timer.textContent !== text) this.timer.textContent = text;
    if (SPOKEN_AT.includes(left)) this.spoken.textContent = words.minutes(left / 60);
  }
}
