const PING_AFTER = 10_000;
const PONG_WITHIN = 10_000;
const WELCOME_WITHIN = 10_000;
const TAKE_OVER_AFTER = 10_000;
// How often it is told that the customer writes, and for how long somebody at the desk does.
const WRITING_EVERY = 3_000;
const WRITES_FOR = 6_000;
// What is for programs, and what passes.
const NOT_SHOWN = ["custom", "typing"];

// The conversation and the socket that carries it. It connects once there is something to say or
// a conversation to go on with, comes back by itself, and sends each message until it is accepted.
class Connection {
  // `changed(live)` is called when there is something new to show, `told(frame)` with what the
  // server says about linking.
  constructor(url, store, { locale, changed, told }) {
    this.url = url;
    this.store = store;
    this.locale = locale;
    this.changed = changed;
    this.told = told;
    this.channels = [];
    this.identity = null;
    this.lines = [];
    this.sent = new Map();
    this.mine = new Map();
    this.failed = [];
    this.cursor = null;
    // Who is writing: "bot", "staff", or nobody.
    this.typing = null;
    this.wrote = 0;
    this.limit = 4000;
    this.online = false;
    this.tries = 0;
    this.restore();
  }

  get token() {
    return this.store.get("token");
  }

  // Messages not accepted yet, of all windows, oldest first.
  get queue() {
    const kept = this.store.get("queue") || [];
    const ids = new Set(kept.map((item) => item.id));
    return [...kept, ...[...this.mine.values()].filter((item) => !ids.has(item.id))];
  }

  // Whom the customer talks to: the last one who said something, where that was a person.
  get person() {
    const last = this.lines.filter((line) => line.from !== "customer").pop();
    return last?.from === "staff" ? last : null;
  }

  start() {
    const wake = () => document.visibilityState === "visible" && this.wake();
    const stopWatching = this.store.watch((key) => this.storeChanged(key));
    const probe = () => this.probe();
    const keep = () => this.keep();
    const beat = setInterval(() => this.beat(), 5_000);
    const listeners = [
      [window, "online", wake],
      [window, "offline", probe],
      [window, "pageshow", wake],
      [window, "pagehide", keep],
      [document, "visibilitychange", wake],
    ];
    for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
    this.stop = () => {
      stopWatching();
      clearInterval(beat);
      for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
      this.hangUp();
    };
    this.wake();
  }

  say(text, payload, location) {
    const item = { id: uuid(), text, payload, location, at: new Date().toISOString() };
    this.mine.set(item.id, item);
    this.store.set("queue", this.queue);
    this.changed();
    if (this.online) this.flush();
    else this.wake();
  }

  // The customer has typed something: at the desk they like to know.
  writing() {
    if (!this.online || Date.now() - this.wrote < WRITING_EVERY) return;
    this.wrote = Date.now();
    this.send({ type: "writing" });
  }

  startOver() {
    for (const key of ["token", "queue", "seen"]) this.store.set(key, null);
    this.forget();
    this.mine.clear();
    this.channels = [];
    this.hangUp();
    this.changed();
  }

  // Who the site says this is, by a signed token; null: nobody it knows.
  identify(token) {
    if (token === this.identity) return;
    this.identity = token;
    if (!token) return;
    // It is told in a greeting only.
    if (this.socket) this.hangUp();
    this.wake();
  }

  // The customer has opened the chat: somebody whom the site knows may have a conversation already.
  opened() {
    this.isOpened = true;
    if (this.identity) this.wake();
  }

  // Ask for the way into another channel; false where there is no connection to ask over yet.
  askWay(channel) {
    if (this.online) this.send({ type: "link", channel });
    else this.wake();
    return this.online;
  }

  unlink(channel) {
    this.send({ type: "unlink", channel });
  }

  // Connect now, if there is a reason to and no connection.
  wake() {
    if (this.socket || !(this.token || this.queue.length || (this.identity && this.isOpened))) {
      this.probe();
      return;
    }
    clearTimeout(this.retry);
    if (this.token || !navigator.locks) this.connect();
    // One window at a time asks for a new conversation, so that all get the same.
    else if (!this.locked) {
      this.locked = true;
      navigator.locks.request(this.store.prefix, async () => {
        this.locked = false;
        if (this.socket) return;
        this.connect();
        if (!this.token) await new Promise((release) => (this.release = release));
      });
    }
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.heard = Date.now();
    this.pinged = 0;
    socket.addEventListener("open", () => {
      const hello = { type: "hello", locale: this.locale() };
      if (this.token) Object.assign(hello, { token: this.token, after: this.cursor || undefined });
      if (this.identity) hello.identity = this.identity;
      this.send(hello);
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      this.pinged = 0;
      this.receive(JSON.parse(data));
    });
    const over = () => socket === this.socket && this.lost();
    socket.addEventListener("close", over);
    socket.addEventListener("error", over);
    this.welcomeTimer = setTimeout(over, WELCOME_WITHIN);
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  hangUp() {
    const socket = this.socket;
    this.socket = null;
    this.online = false;
    this.sending = null;
    this.typing = null;
    clearTimeout(this.retry);
    clearTimeout(this.welcomeTimer);
    this.release?.();
    socket?.close();
  }

  lost() {
    this.hangUp();
    const most = Math.min(30_000, 500 * 2 ** this.tries);
    this.tries += 1;
    // Spread out, so that all customers do not come back at once after a restart.
    this.retry = setTimeout(() => this.wake(), most * (0.5 + Math.random() / 2));
    this.changed();
  }

  // Is the other side still there? A dead connection shows no sign of it by itself.
  probe() {
    if (!this.online || this.pinged) return;
    this.pinged = Date.now();
    this.send({ type: "ping" });
  }

  // Counts from the ping and not from the last sign of life: hidden pages are seldom let run.
  beat() {
    if (!this.online) return;
    const now = Date.now();
    if (this.pinged && now - this.pinged > PONG_WITHIN) this.lost();
    else if (now - this.heard > PING_AFTER) this.probe();
  }

  receive(frame) {
    switch (frame.type) {
      case "welcome":
        return this.welcomed(frame);
      case "message":
        if (this.add(frame)) this.changed(true);
        return;
      case "accepted":
        return this.accepted(frame.id);
      case "error":
        return this.refused(frame);
      case "link":
        return this.told(frame);
      case "channels":
        this.channels = frame.channels;
        return this.changed();
      case "typing":
        return this.types(frame.from || "bot");
      case "answered":
        // A person goes on writing when the bot has taken note of what was said.
        if (this.typing === "staff") return;
        clearTimeout(this.typingTimer);
        return this.stopTyping();
    }
  }

  welcomed(frame) {
    clearTimeout(this.welcomeTimer);
    this.tries = 0;
    this.online = true;
    if (frame.replace) this.forget();
    if (this.token !== frame.token) this.store.set("token", frame.token);
    this.release?.();
    this.limit = frame.limits?.text || this.limit;
    this.channels = frame.channels || [];
    for (const message of frame.messages) this.add(message);
    this.cursor = frame.cursor || this.cursor;
    this.typing = null;
    if (frame.typing) this.types("bot", 30_000);
    this.changed();
    this.flush();
  }

  types(who, milliseconds = who === "staff" ? WRITES_FOR : 60_000) {
    this.typing = who;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.stopTyping(), milliseconds);
    this.changed();
  }

  stopTyping() {
    this.typing = null;
    this.changed();
  }

  add(message) {
    this.cursor = message.cursor;
    this.sent.delete(message.id);
    this.unqueue(message.id);
    if (this.lines.some((line) => line.id === message.id) || NOT_SHOWN.includes(message.content.kind)) return false;
    this.lines.push(message);
    if (message.from !== "customer") this.typing = null;
    return true;
  }

  // One at a time, so that a message which has to wait is not overtaken by the next.
  flush() {
    const next = this.queue[0];
    if (!this.online || this.sending || !next) return;
    this.sending = next.id;
    this.send({ type: "message", id: next.id, text: next.text, payload: next.payload, location: next.location });
  }

  accepted(id) {
    const item = this.queue.find((candidate) => candidate.id === id);
    const known = this.lines.some((line) => line.id === id);
    if (item && !known) this.sent.set(id, item);
    this.unqueue(id);
    if (this.sending === id) this.sending = null;
    this.wrote = 0;
    this.changed();
    this.flush();
  }

  refused(frame) {
    const { id, code, message, retry_after: seconds } = frame;
    if (code === "bad_token" || code === "bad_after") {
      // What is kept here is damaged; what waits to be said is not.
      if (code === "bad_token") this.store.set("token", null);
      this.forget();
      this.lost();
      return;
    }
    if (code === "bad_identity") {
      // Goes on as somebody whom the site does not know, until it says again who it is.
      this.identity = null;
      this.told(frame);
      return;
    }
    if (!id) this.told(frame);
    if (!id || id !== this.sending) return;
    if (code === "slow_down") {
      setTimeout(() => {
        this.sending = null;
        this.flush();
      }, 1_000 * (seconds || 1));
      return;
    }
    const item = this.queue.find((candidate) => candidate.id === id);
    if (item) this.failed.push({ ...item, code, reason: message });
    this.unqueue(id);
    this.sending = null;
    this.changed();
    this.flush();
  }

  unqueue(id) {
    this.mine.delete(id);
    const kept = this.store.get("queue") || [];
    const left = kept.filter((item) => item.id !== id);
    if (left.length < kept.length) this.store.set("queue", left.length ? left : null);
  }

  storeChanged(key) {
    if (key === "token") {
      // Another window began the conversation, or began a new one.
      if (this.online || this.lines.length) this.forget();
      this.hangUp();
      this.wake();
    } else if (key === "queue") {
      // Its own window sends it; should that be gone, this one does.
      setTimeout(() => (this.online ? this.flush() : this.wake()), TAKE_OVER_AFTER);
    }
    this.changed();
  }

  forget() {
    this.lines = [];
    this.sent.clear();
    this.failed = [];
    this.cursor = null;
    this.typing = null;
    this.store.set("lines", null, "sessionStorage");
  }

  // The newest lines stay with the tab, so that a reload shows them at once.
  keep() {
    if (!this.token || !this.lines.length) return;
    const kept = { token: this.token, cursor: this.cursor, lines: this.lines.slice(-100) };
    this.store.set("lines", kept, "sessionStorage");
  }

  restore() {
    const kept = this.store.get("lines", "sessionStorage");
    if (kept && kept.token === this.token) {
      this.lines = kept.lines;
      this.cursor = kept.cursor;
    }
  }
}
