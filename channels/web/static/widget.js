/*
 * Flerkanal's chat for web pages: one custom element, <flerkanal-chat>, in one file that runs as it
 * is, without a build step and without dependencies (hence its length).
 *
 *   <script src="https://chat.example/widget.js" data-channel="web" async></script>
 *
 * The script adds the element to the page and hands its data-* attributes on; a page may also place
 * the element itself. Attributes and the protocol are described in docs/web-channel.md.
 *
 * What comes from the server or the customer becomes text nodes and checked links, never HTML.
 * Styles are a constructed sheet, so that the strictest Content-Security-Policy needs no exception.
 */
(() => {
  "use strict";

  const SCRIPT = document.currentScript;
  const NAME = "flerkanal-chat";
  if (customElements.get(NAME)) return;

  // ---------------------------------------------------------------------------------------- words

  const WORDS = {
    nb: {
      launch: "Spør oss",
      open: "Åpne chatten",
      unread: (n) => (n === 1 ? "1 ulest melding" : `${n} uleste meldinger`),
      title: "Kundeservice",
      subtitle: "Svarer med en gang",
      greeting: "Hei! Hva kan vi hjelpe deg med?",
      suggestions: "Forslag",
      log: "Samtalen",
      you: "Du",
      bot: "Chatbot",
      staff: "Kundebehandler",
      input: "Skriv en melding",
      send: "Send",
      close: "Lukk chatten",
      menu: "Flere valg",
      restart: "Start en ny samtale",
      save: "Last ned samtalen",
      privacy: "Personvern",
      language: "English",
      confirm: "Vil du starte en ny samtale? Denne samtalen forsvinner fra nettleseren din.",
      yes: "Start ny",
      no: "Avbryt",
      typing: "Svar er på vei",
      choices: "Svaralternativer",
      sending: "Sender …",
      waiting: "Sendes når du er på nett igjen",
      sent: "Sendt",
      failed: "Ikke sendt",
      offline: "Ingen forbindelse. Vi prøver igjen, og det du skriver, blir tatt vare på.",
      latest: "Nyeste melding",
      tab: "åpnes i ny fane",
      image: "Bilde",
      left: (n) => `${n} tegn igjen`,
      refused: {
        too_long: "Meldingen er for lang.",
        unknown_choice: "Valget gjelder ikke lenger. Skriv heller hva du vil.",
      },
    },
    en: {
      launch: "Ask us",
      open: "Open the chat",
      unread: (n) => (n === 1 ? "1 unread message" : `${n} unread messages`),
      title: "Customer service",
      subtitle: "Answers right away",
      greeting: "Hi! How can we help you?",
      suggestions: "Suggestions",
      log: "The conversation",
      you: "You",
      bot: "Chatbot",
      staff: "Customer adviser",
      input: "Write a message",
      send: "Send",
      close: "Close the chat",
      menu: "More options",
      restart: "Start a new conversation",
      save: "Download the conversation",
      privacy: "Privacy",
      language: "Norsk",
      confirm: "Start a new conversation? This one will disappear from your browser.",
      yes: "Start new",
      no: "Cancel",
      typing: "An answer is on its way",
      choices: "Choices",
      sending: "Sending …",
      waiting: "Will be sent when you are online again",
      sent: "Sent",
      failed: "Not sent",
      offline: "No connection. We keep trying, and what you write is kept.",
      latest: "Newest message",
      tab: "opens in a new tab",
      image: "Picture",
      left: (n) => `${n} characters left`,
      refused: {
        too_long: "The message is too long.",
        unknown_choice: "That choice no longer applies. Write what you want instead.",
      },
    },
  };

  const LOCALES = { nb: "nb-NO", en: "en-GB" };

  const languageOf = (tag) => {
    const primary = (tag || "").toLowerCase().split("-")[0];
    return ["nb", "nn", "no"].includes(primary) ? "nb" : primary ? "en" : null;
  };

  // ------------------------------------------------------------------------------------- elements

  const ICONS = {
    chat: "M4 5.5A2.5 2.5 0 0 1 6.500 3h11A2.500 2.500 0 0 1 20 5.500v8a2.500 2.500 0 0 1-2.500 2.500H11l-4.600 3.700A.9.9 0 0 1 5 19v-3.100A2.500 2.500 0 0 1 4 13.500z",
    close: "M6 6l12 12M18 6L6 18",
    menu: "M5 12h.01M12 12h.01M19 12h.01",
    send: "M12 19V5M5.500 11.500 12 5l6.500 6.500",
    down: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
    out: "M14 5h5v5M19 5l-8 8M10 6H6v12h12v-4",
    check: "M5 12.500l4.500 4.500L19 7.500",
  };

  const h = (tag, props, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };

  const icon = (name) => {
    const make = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      return node;
    };
    const svg = make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${name}` });
    svg.append(make("path", { d: ICONS[name] }));
    return svg;
  };

  const hidden = (text) => h("span", { class: "sr" }, text);

  const safeUrl = (text) => {
    try {
      const url = new URL(text, location.href);
      return ["https:", "http:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
    } catch {
      return null;
    }
  };

  const link = (words, url, className, ...children) => {
    const href = safeUrl(url);
    if (!href) return h("span", {}, ...children);
    const elsewhere = /^https?:/.test(href);
    const note = elsewhere ? hidden(` (${words.tab})`) : null;
    const away = elsewhere ? { target: "_blank", rel: "noopener noreferrer" } : {};
    return h("a", { href, class: className, ...away }, ...children, note);
  };

  // The small markup: **bold**, *italic*, `code`, [title](https://...), bare addresses, and lists.
  const INLINE =
    /\*\*(.+?)\*\*|\*([^\s*](?:[^*]*[^\s*])?)\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)|https?:\/\/[^\s<>()]*[^\s<>().,:;!?'"]/g;

  const inline = (words, text) => {
    const nodes = [];
    let at = 0;
    for (const match of text.matchAll(INLINE)) {
      const [whole, bold, italic, code, title, url] = match;
      const before = text[match.index - 1] || " ";
      const after = text[match.index + whole.length] || " ";
      // 2*3*4 is not italic.
      if (italic && (/[\p{L}\p{N}]/u.test(before) || /[\p{L}\p{N}]/u.test(after))) continue;
      nodes.push(text.slice(at, match.index));
      if (bold) nodes.push(h("strong", {}, ...inline(words, bold)));
      else if (italic) nodes.push(h("em", {}, ...inline(words, italic)));
      else if (code) nodes.push(h("code", {}, code));
      else if (title) nodes.push(link(words, url, null, title));
      else nodes.push(link(words, whole, null, whole));
      at = match.index + whole.length;
    }
    return [...nodes, text.slice(at)];
  };

  const rich = (words, text) => {
    const blocks = [];
    let block = null;
    const into = (tag) => {
      if (!block || block.localName !== tag) blocks.push((block = h(tag)));
      return block;
    };
    for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
      const bullet = /^\s*[-*•]\s+(.*)/.exec(line);
      const number = /^\s*\d{1,3}[.)]\s+(.*)/.exec(line);
      if (!line.trim()) block = null;
      else if (bullet) into("ul").append(h("li", {}, ...inline(words, bullet[1])));
      else if (number) into("ol").append(h("li", {}, ...inline(words, number[1])));
      else {
        const paragraph = into("p");
        if (paragraph.hasChildNodes()) paragraph.append(h("br"));
        paragraph.append(...inline(words, line));
      }
    }
    return blocks;
  };

  // --------------------------------------------------------------------------------------- colour

  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const luminance = (hex) => {
    const [r, g, b] = rgb(hex).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const mix = (a, b, share) => {
    const [from, to] = [rgb(a), rgb(b)];
    const parts = from.map((value, i) => Math.round(value + (to[i] - value) * share));
    return "#" + parts.map((value) => value.toString(16).padStart(2, "0")).join("");
  };
  // The colour at its brightest.
  const bright = (hex) => {
    const most = Math.max(...rgb(hex), 1) / 255;
    return mix("#000000", hex, 1 / most);
  };
  // The colour, moved towards each of `ends` in turn until it can be read on `ground`; WCAG 2.2 AA
  // asks for 4.5.
  const legible = (colour, ground, ...ends) => {
    for (const end of ends) {
      for (let share = 0; share <= 1; share += 0.05) {
        const tried = mix(colour, end, share);
        if (contrast(tried, ground) >= 5) return tried;
      }
      colour = end;
    }
    return colour;
  };

  // ---------------------------------------------------------------------------------------- store

  // What outlives the page: per site and channel. Where storage is forbidden, memory has to do.
  class Store {
    constructor(prefix) {
      this.prefix = prefix;
      this.memory = new Map();
    }

    area(name) {
      try {
        return window[name];
      } catch {
        return null;
      }
    }

    get(key, area = "localStorage") {
      if (this.memory.has(key)) return this.memory.get(key);
      try {
        return JSON.parse(this.area(area)?.getItem(this.prefix + key) ?? null);
      } catch {
        return null;
      }
    }

    set(key, value, area = "localStorage") {
      if (value === null) this.memory.delete(key);
      else this.memory.set(key, value);
      try {
        if (value === null) this.area(area)?.removeItem(this.prefix + key);
        else this.area(area)?.setItem(this.prefix + key, JSON.stringify(value));
        if (this.area(area)) this.memory.delete(key);
      } catch {
        // Storage is full or forbidden: memory has it.
      }
    }

    // Calls back with the key when another window of this site changes something.
    watch(changed) {
      const listener = ({ key }) => {
        if (key === null) changed("token");
        else if (key.startsWith(this.prefix)) changed(key.slice(this.prefix.length));
      };
      addEventListener("storage", listener);
      return () => removeEventListener("storage", listener);
    }
  }

  const uuid = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    // Pages without TLS have no randomUUID.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  // ----------------------------------------------------------------------------------------- link

  const PING_AFTER = 10_000;
  const PONG_WITHIN = 10_000;
  const WELCOME_WITHIN = 10_000;
  const TAKE_OVER_AFTER = 10_000;

  // The conversation and the socket that carries it. It connects once there is something to say or
  // a conversation to go on with, comes back by itself, and sends each message until it is accepted.
  class Link {
    constructor(url, store, locale, changed) {
      this.url = url;
      this.store = store;
      this.locale = locale;
      this.changed = changed;
      this.lines = [];
      this.sent = new Map();
      this.mine = new Map();
      this.failed = [];
      this.cursor = null;
      this.typing = false;
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

    say(text, payload) {
      const item = { id: uuid(), text, payload, at: new Date().toISOString() };
      this.mine.set(item.id, item);
      this.store.set("queue", this.queue);
      this.changed();
      if (this.online) this.flush();
      else this.wake();
    }

    startOver() {
      for (const key of ["token", "queue", "seen"]) this.store.set(key, null);
      this.forget();
      this.mine.clear();
      this.hangUp();
      this.changed();
    }

    // Connect now, if there is a reason to and no connection.
    wake() {
      if (this.socket || !(this.token || this.queue.length)) {
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
      this.typing = false;
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
        case "typing":
        case "answered":
          this.typing = frame.type === "typing";
          clearTimeout(this.typingTimer);
          if (this.typing) this.typingTimer = setTimeout(() => this.stopTyping(), 60_000);
          return this.changed();
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
      for (const message of frame.messages) this.add(message);
      this.cursor = frame.cursor || this.cursor;
      const last = this.lines[this.lines.length - 1];
      this.typing = last?.from === "customer" && Date.now() - Date.parse(last.at) < 60_000;
      if (this.typing) this.typingTimer = setTimeout(() => this.stopTyping(), 30_000);
      this.changed();
      this.flush();
    }

    stopTyping() {
      this.typing = false;
      this.changed();
    }

    add(message) {
      this.cursor = message.cursor;
      this.sent.delete(message.id);
      this.unqueue(message.id);
      if (this.lines.some((line) => line.id === message.id)) return false;
      this.lines.push(message);
      if (message.from !== "customer") this.typing = false;
      return true;
    }

    // One at a time, so that a message which has to wait is not overtaken by the next.
    flush() {
      const next = this.queue[0];
      if (!this.online || this.sending || !next) return;
      this.sending = next.id;
      this.send({ type: "message", id: next.id, text: next.text, payload: next.payload });
    }

    accepted(id) {
      const item = this.queue.find((candidate) => candidate.id === id);
      const known = this.lines.some((line) => line.id === id);
      if (item && !known) this.sent.set(id, item);
      this.unqueue(id);
      if (this.sending === id) this.sending = null;
      this.changed();
      this.flush();
    }

    refused({ id, code, message, retry_after: seconds }) {
      if (code === "bad_token" || code === "bad_after") {
        // What is kept here is damaged; what waits to be said is not.
        if (code === "bad_token") this.store.set("token", null);
        this.forget();
        this.lost();
        return;
      }
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
      this.typing = false;
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

  // ---------------------------------------------------------------------------------------- style

  const LIGHT = `
    --ground: #ffffff; --raised: #ffffff; --soft: #f1f4f6; --line: #dde4e9; --edge: #7d8b97;
    --ink: #14212b; --dim: #566572; --alarm: #a3231c; --shade: 13 34 51;`;
  const DARK = `
    --ground: #121b22; --raised: #1a262f; --soft: #212f3a; --line: #2e3f4c; --edge: #8194a3;
    --ink: #e9eff3; --dim: #a3b3bf; --alarm: #ff9d92; --shade: 0 0 0;`;

  const CSS = `
    :host { ${LIGHT} --scheme: light;
      --accent: var(--fk-accent); --on-accent: var(--fk-on-accent); --link: var(--fk-link-light); }
    .root { all: initial; color-scheme: var(--scheme);
      font: medium/1.5 var(--flerkanal-font, ui-sans-serif, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif); }
    @media (prefers-color-scheme: dark) {
      :host(:not([data-theme="light"])) { ${DARK} --link: var(--fk-link-dark); --scheme: dark; } }
    :host([data-theme="dark"]) { ${DARK} --link: var(--fk-link-dark); --scheme: dark; }
    :host([hidden]) { display: none; }
    *, ::before, ::after { box-sizing: border-box; }
    button, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
    button { border: 0; background: none; cursor: pointer; padding: 0; }
    [hidden] { display: none !important; }
    h2, h3, p, ul, ol, dl, dd { margin: 0; }
    .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .icon { width: 1.4em; height: 1.4em; flex: none; fill: none; stroke: currentColor; stroke-width: 2;
      stroke-linecap: round; stroke-linejoin: round; }
    .icon.menu { stroke-width: 3.2; }
    .icon.chat { fill: currentColor; stroke: none; }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }

    .launcher { position: fixed; z-index: 2147483000; right: max(20px, env(safe-area-inset-right));
      bottom: max(20px, env(safe-area-inset-bottom)); display: flex; align-items: center; gap: .6em;
      height: 3.5em; padding: 0 1.4em 0 1.15em; border-radius: 99em; background: var(--accent);
      color: var(--on-accent); font-weight: 600;
      box-shadow: 0 1px 2px rgb(var(--shade) / .2), 0 10px 28px rgb(var(--shade) / .3);
      transition: transform .18s, box-shadow .18s; }
    .launcher:hover { transform: translateY(-2px); }
    .launcher:focus-visible { outline: 3px solid var(--on-accent); outline-offset: -6px; }
    .badge { position: absolute; top: -.35em; right: -.1em; min-width: 1.6em; height: 1.6em; padding: 0 .45em;
      border-radius: 1em; background: #b3261e; color: #fff; font-size: .8em; line-height: 1.6em; text-align: center;
      box-shadow: 0 0 0 2px #fff; }

    dialog { border: 0; padding: 0; margin: 0; color: var(--ink); background: var(--ground); max-width: none; }
    dialog::backdrop { background: transparent; }
    .panel { position: fixed; z-index: 2147483001; inset: auto max(20px, env(safe-area-inset-right)) 20px auto;
      width: min(400px, calc(100vw - 40px)); height: min(720px, calc(100vh - 40px)); overflow: hidden;
      border-radius: 20px; box-shadow: 0 0 0 1px rgb(var(--shade) / .1), 0 24px 64px rgb(var(--shade) / .32); }
    .panel[open] { display: flex; flex-direction: column; animation: rise .22s cubic-bezier(.2, .8, .2, 1); }
    @keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.985); } }

    .head { position: relative; z-index: 1; flex: none; display: flex; align-items: center; gap: .25em;
      padding: .9em .7em .9em 1.1em; color: var(--on-accent); background: var(--accent); }
    .head div { flex: 1; min-width: 0; padding-left: .65em; }
    h2 { font-size: 1.06em; font-weight: 650; line-height: 1.3; letter-spacing: -.005em; }
    h2, .subtitle { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .subtitle { font-size: .84em; }
    .mark { display: grid; place-items: center; flex: none; width: 2.5em; height: 2.5em; border-radius: 50%;
      background: var(--on-accent); color: var(--accent); }
    .tool { display: grid; place-items: center; width: 2.75em; height: 2.75em; border-radius: 50%; }
    .tool:hover { background: rgb(127 127 127 / .25); }
    .head :focus-visible { outline-color: currentColor; outline-offset: -3px; }

    .options { position: absolute; z-index: 2; top: 4.6em; right: .8em; min-width: 15em; padding: .4em;
      border-radius: 14px; background: var(--raised);
      box-shadow: 0 0 0 1px var(--line), 0 14px 36px rgb(var(--shade) / .25); }
    .options > * { display: block; width: 100%; padding: .65em .8em; border-radius: 9px; text-align: left;
      color: var(--ink); text-decoration: none; font-size: .94em; }
    .options > :hover { background: var(--soft); }

    .log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1.1em 1em .4em;
      outline-offset: -3px; scrollbar-width: thin; scrollbar-color: var(--edge) transparent; }
    .intro { margin-bottom: 1.2em; }
    .day { margin: 1.1em 0 .9em; text-align: center; font-size: .78em; color: var(--dim); }
    .message { display: flex; flex-direction: column; align-items: flex-start; margin-top: .28em; }
    .message.first { margin-top: 1em; }
    .message:has(> .card, > .picture) { margin-top: .5em; }
    .message:has(> .card, > .picture) + .message:not(.first) { margin-top: .6em; }
    .message.fresh { animation: appear .22s ease-out; }
    @keyframes appear { from { opacity: 0; transform: translateY(6px); } }
    .message.customer { align-items: flex-end; }
    .bubble { max-width: 86%; padding: .58em .9em; border-radius: 17px; background: var(--soft);
      overflow-wrap: anywhere; font-size: .95em; }
    .bubble > * + * { margin-top: .55em; }
    .bubble ul, .bubble ol { padding-left: 1.25em; }
    .bubble code { font: .92em ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; background: var(--ground);
      padding: .1em .35em; border-radius: 5px; }
    .customer .bubble { background: var(--accent); color: var(--on-accent); white-space: pre-wrap; }
    .bot.last .bubble:last-of-type, .staff.last .bubble:last-of-type { border-bottom-left-radius: 5px; }
    .customer.last .bubble { border-bottom-right-radius: 5px; }
    .waiting .bubble { opacity: .72; }
    .failed .bubble { background: none; color: var(--ink); box-shadow: inset 0 0 0 1.5px var(--alarm); }
    .bubble a, .reason a { color: var(--link); text-underline-offset: .15em; }
    .meta { padding: .3em .35em 0; font-size: .75em; color: var(--dim); }
    .failed .meta { color: var(--alarm); }
    .meta:empty { display: none; }

    .choices { display: flex; flex-wrap: wrap; gap: .45em; margin-top: .55em; max-width: 96%; }
    .choice { display: inline-flex; align-items: center; gap: .45em; min-height: 2.5em; padding: .4em .95em;
      border-radius: 99em; border: 1.5px solid var(--link); color: var(--link); background: var(--ground);
      font-size: .92em; font-weight: 550; line-height: 1.3; text-align: left; text-decoration: none;
      transition: background .12s, color .12s; }
    .choice:hover:not(:disabled) { background: var(--link); color: var(--ground); }
    .choice:disabled { border-color: var(--line); color: var(--dim); cursor: default; }
    .choice.chosen { background: var(--soft); color: var(--ink); }
    .choice .icon { width: 1.1em; height: 1.1em; }

    .card { width: min(100%, 24em); overflow: hidden; border-radius: 17px; background: var(--raised);
      box-shadow: 0 0 0 1px var(--line), 0 3px 10px rgb(var(--shade) / .07); font-size: .95em; }
    .card > img { display: block; width: 100%; max-height: 11em; object-fit: cover; }
    .card > div { padding: .95em 1.05em; }
    h3 { font-size: 1.04em; font-weight: 650; line-height: 1.35; }
    h3 + p { color: var(--dim); }
    dl { display: grid; grid-template-columns: auto 1fr; gap: .32em .9em; margin-top: .7em; padding-top: .75em;
      border-top: 1px solid var(--line); }
    dt { color: var(--dim); }
    dd { text-align: right; font-weight: 550; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
    .card .choices { max-width: none; margin-top: .85em; }
    .card .choice { flex: 1 1 auto; justify-content: center; }
    .picture { display: block; max-width: 86%; max-height: 18em; border-radius: 17px; background: var(--soft); }

    .dots { display: inline-flex; gap: .3em; padding: .95em 1em; border-radius: 17px 17px 17px 5px;
      background: var(--soft); margin-top: .8em; }
    .dots i { width: .45em; height: .45em; border-radius: 50%; background: var(--dim); animation: pulse 1.2s infinite; }
    .dots i:nth-child(2) { animation-delay: .15s; } .dots i:nth-child(3) { animation-delay: .3s; }
    @keyframes pulse { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; transform: translateY(-.18em); } }

    .bottom { position: relative; flex: none; padding: .5em .8em max(.8em, env(safe-area-inset-bottom)); }
    .latest { position: absolute; right: 1em; bottom: calc(100% + .4em); background: var(--raised);
      box-shadow: 0 0 0 1px var(--line), 0 6px 18px rgb(var(--shade) / .22); }
    .network:not(:empty) { margin-bottom: .55em; padding: .55em .8em; border-radius: 11px; font-size: .86em;
      background: var(--soft); color: var(--ink); }
    form { display: flex; align-items: flex-end; gap: .3em; padding: .3em; border-radius: 1.65em;
      border: 1.5px solid var(--edge); background: var(--ground); }
    form:focus-within { border-color: var(--link); box-shadow: 0 0 0 1.5px var(--link); }
    textarea { flex: 1; min-width: 0; max-height: 8.5em; padding: .45em .3em .45em .8em; border: 0; outline: 0;
      resize: none; background: none; line-height: 1.45; field-sizing: content; scrollbar-width: thin; }
    textarea:focus-visible { outline: 0; }
    textarea::placeholder { color: var(--dim); opacity: 1; }
    .send { display: grid; place-items: center; flex: none; width: 2.4em; height: 2.4em; border-radius: 50%;
      background: var(--accent); color: var(--on-accent); }
    .send .icon { width: 1.25em; height: 1.25em; stroke-width: 2.4; }
    .empty .send { background: var(--soft); color: var(--dim); }
    .count { padding: .35em .5em 0; font-size: .78em; color: var(--dim); text-align: right; }
    .count:empty { display: none; }

    .confirm { inset: 0; margin: auto; width: min(20em, calc(100vw - 32px)); height: fit-content; padding: 1.3em;
      border-radius: 18px; background: var(--raised);
      box-shadow: 0 0 0 1px var(--line), 0 24px 64px rgb(var(--shade) / .4); }
    .confirm::backdrop { background: rgb(var(--shade) / .45); }
    .confirm .choices { margin-top: 1.1em; justify-content: flex-end; max-width: none; }

    @media (max-width: 520px), (max-height: 420px) {
      .launcher { padding: 0; width: 3.75em; height: 3.75em; justify-content: center; }
      .launcher > span:not(.badge) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      .panel { inset: var(--top, 0px) 0 auto 0; width: 100%; max-height: none; height: var(--height, 100vh); border-radius: 0; }
      @supports (height: 100dvh) { .panel { height: var(--height, 100dvh); } }
      .head { padding-top: max(.9em, env(safe-area-inset-top)); }
    }
    @media (prefers-reduced-motion: reduce) { *, ::before, ::after { animation: none !important; transition: none !important; } }
    @media (forced-colors: active) {
      .launcher, .panel, .bubble, .card, .options, .latest, .send, .badge, .mark { border: 1px solid; }
      .customer .bubble { border-width: 2px; } .icon.chat { fill: ButtonText; }
    }
  `;

  // ----------------------------------------------------------------------------------------- view

  const SMALL = matchMedia("(max-width: 520px), (max-height: 420px)");
  const TOUCH = matchMedia("(pointer: coarse)");
  const GROUP_WITHIN = 5 * 60_000;

  class FlerkanalChat extends HTMLElement {
    static observedAttributes = ["data-lang", "data-theme", "data-accent", "data-title"];

    connectedCallback() {
      if (this.link) {
        this.link.start();
        return;
      }
      const server = new URL(this.dataset.server || SCRIPT?.src || location.href, location.href);
      const channel = this.dataset.channel || "web";
      const url = new URL(`/webhooks/${channel}/ws`, server);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      this.store = new Store(`flerkanal:${server.host}:${channel}:`);
      this.nodes = new Map();
      this.attachShadow({ mode: "open" });
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
        this.shadowRoot.adoptedStyleSheets = [sheet];
      } catch {
        // Browsers of before 2023, where the page's policy lets them.
        this.shadowRoot.append(h("style", {}, CSS));
      }
      this.paint();
      this.link = new Link(url, this.store, () => this.language, (live) => this.render(live));
      this.build();
      this.link.start();
      new MutationObserver(() => this.relabel()).observe(document.documentElement, {
        attributeFilter: ["lang"],
      });
      SMALL.addEventListener("change", () => this.isOpen && this.show());
      for (const type of ["resize", "scroll"]) {
        window.visualViewport?.addEventListener(type, () => this.fit());
      }
      if (this.store.get("open", "sessionStorage") && !SMALL.matches) this.open(false);
    }

    disconnectedCallback() {
      this.link?.stop();
    }

    attributeChangedCallback(name) {
      if (!this.link) return;
      if (name === "data-accent") this.paint();
      else if (name !== "data-theme") this.relabel();
    }

    get language() {
      return (
        this.store.get("language") ||
        languageOf(this.dataset.lang) ||
        languageOf(document.documentElement.lang) ||
        languageOf(navigator.language) ||
        "en"
      );
    }

    // For dates and times.
    get locale() {
      return LOCALES[this.language];
    }

    get words() {
      return WORDS[this.language];
    }

    // A site's own text: data-title-nb, else data-title.
    own(name) {
      return this.dataset[name + (this.language === "nb" ? "Nb" : "En")] || this.dataset[name];
    }

    text(name) {
      return this.own(name) || this.words[name];
    }

    get isOpen() {
      return this.panel.open;
    }

    paint() {
      const asked = this.dataset.accent || "";
      const accent = /^#[0-9a-f]{6}$/i.test(asked) ? asked.toLowerCase() : "#0b5d66";
      const light = contrast(accent, "#ffffff") >= 4.5;
      const dark = contrast(accent, "#0b141b") >= 4.5;
      const solid = light || dark ? accent : legible(accent, "#ffffff", "#000000");
      const values = {
        accent: solid,
        "on-accent": light || !dark ? "#ffffff" : "#0b141b",
        "link-light": legible(accent, "#f1f4f6", "#000000"),
        "link-dark": legible(accent, "#212f3a", bright(accent), "#ffffff"),
      };
      for (const [key, value] of Object.entries(values)) this.style.setProperty(`--fk-${key}`, value);
    }

    // ------------------------------------------------------------------------------------- build

    build() {
      this.label = h("span", { "aria-hidden": "true" });
      this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
      this.launcher = h(
        "button",
        { class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.open() },
        icon("chat"),
        this.label,
        this.badge,
      );
      this.heading = h("h2", { id: "title" });
      this.subtitle = h("p", { class: "subtitle" });
      this.menuButton = h(
        "button",
        { class: "tool", type: "button", "aria-expanded": "false", "aria-controls": "options", onclick: () => this.toggleMenu() },
        icon("menu"),
      );
      this.closeButton = h("button", { class: "tool", type: "button", onclick: () => this.close() }, icon("close"));
      this.options = h("div", { class: "options", id: "options", hidden: true });
      this.intro = h("div", { class: "intro" });
      this.list = h("div");
      this.dots = h("div", { class: "dots", "aria-hidden": "true", hidden: true }, h("i"), h("i"), h("i"));
      this.log = h("div", { class: "log", role: "log", tabindex: "0", "aria-live": "off", onscroll: () => this.scrolled() },
        this.intro, this.list, this.dots);
      this.typingStatus = h("div", { class: "sr", role: "status" });
      this.network = h("div", { class: "network", role: "status" });
      this.latest = h("button", { class: "latest tool", type: "button", hidden: true, onclick: () => this.toBottom(true) }, icon("down"));
      this.input = h("textarea", {
        id: "input", rows: "1", autocomplete: "off", enterkeyhint: "send",
        oninput: () => this.typed(),
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          this.submit();
        },
      });
      this.inputLabel = h("label", { class: "sr", for: "input" });
      this.sendButton = h("button", { class: "send", type: "submit" }, icon("send"));
      this.form = h("form", { class: "empty", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
        this.inputLabel, this.input, this.sendButton);
      this.count = h("div", { class: "count", role: "status" });
      this.panel = h(
        "dialog",
        { class: "panel", "aria-labelledby": "title", onkeydown: (event) => this.escape(event),
          oncancel: (event) => { event.preventDefault(); this.close(); } },
        h("div", { class: "head" }, h("span", { class: "mark", "aria-hidden": "true" }, icon("chat")),
          h("div", {}, this.heading, this.subtitle), this.menuButton, this.closeButton),
        this.options,
        this.log,
        h("div", { class: "bottom" }, this.latest, this.typingStatus, this.network, this.form, this.count),
      );
      this.panel.addEventListener("click", (event) => {
        const path = event.composedPath();
        if (!path.includes(this.options) && !path.includes(this.menuButton)) this.toggleMenu(false);
      });
      this.confirm = h("dialog", { class: "confirm", "aria-labelledby": "question" });
      // A root of our own, since a page's styles for all elements reach the host.
      this.shadowRoot.append(h("div", { class: "root" }, this.launcher, this.panel, this.confirm));
      this.input.value = this.store.get("draft", "sessionStorage") || "";
      this.relabel();
      this.typed();
    }

    // All words of the surface, in the language of now.
    relabel() {
      const words = this.words;
      this.panel.lang = this.launcher.lang = this.confirm.lang = this.language;
      this.label.textContent = this.text("launch");
      this.heading.textContent = this.text("title");
      this.subtitle.textContent = this.text("subtitle");
      for (const [node, label] of [
        [this.menuButton, words.menu], [this.closeButton, words.close], [this.log, words.log],
        [this.sendButton, words.send], [this.latest, words.latest],
      ]) {
        node.setAttribute("aria-label", label);
        if (node !== this.log) node.title = label;
      }
      this.inputLabel.textContent = this.input.placeholder = words.input;
      const privacy = this.dataset.privacyUrl;
      this.options.replaceChildren(
        h("button", { type: "button", onclick: () => this.askRestart() }, words.restart),
        h("button", { type: "button", onclick: () => this.save() }, words.save),
        h("button", { type: "button", lang: this.language === "nb" ? "en" : "nb", onclick: () => this.switchLanguage() }, words.language),
        privacy ? link(words, privacy, null, words.privacy) : null,
      );
      if (!privacy) this.options.lastChild.remove();
      const suggestions = (this.own("suggestions") || "").split("|").filter(Boolean);
      this.intro.replaceChildren(
        h("div", { class: "message bot first last" }, hidden(`${words.bot}: `),
          h("div", { class: "bubble" }, ...rich(words, this.text("greeting")))),
      );
      if (suggestions.length) {
        this.intro.append(h("div", { class: "choices", role: "group", "aria-label": words.suggestions },
          ...suggestions.map((title) => h("button", { class: "choice", type: "button", onclick: () => this.say(title) }, title))));
      }
      this.nodes.clear();
      this.list.replaceChildren();
      this.log.setAttribute("aria-live", "off");
      this.render();
    }

    // ------------------------------------------------------------------------------------ render

    // Everything that is said, in order: kept by the server, on its way, waiting, refused.
    entries() {
      const { lines, sent, queue, failed, online } = this.link;
      const own = (item, state) => ({ id: item.id, from: "customer", at: item.at, state, item, content: { kind: "text", text: item.text } });
      return [
        ...lines.map((line) => ({ ...line, state: "kept" })),
        ...[...sent.values()].map((item) => own(item, "kept")),
        ...failed.map((item) => own(item, "failed")),
        ...queue.map((item) => own(item, online ? "sending" : "waiting")),
      ];
    }

    render(live = false) {
      if (!this.panel || !this.link) return;
      const words = this.words;
      const entries = this.entries();
      const atBottom = this.nearBottom();
      const wanted = [];
      // What the customer said next, for each line.
      const answers = [];
      const lastFromCustomer = entries.map((entry) => entry.from).lastIndexOf("customer");
      for (let index = entries.length - 1, next = null; index >= 0; index -= 1) {
        answers[index] = next;
        if (entries[index].from === "customer") next = entries[index].content.text;
      }
      entries.forEach((entry, index) => {
        const [before, after] = [entries[index - 1], entries[index + 1]];
        const time = new Date(entry.at);
        if (!before || new Date(before.at).toDateString() !== time.toDateString()) wanted.push(this.day(time));
        const node = this.node(entry, live);
        const follows = (a, b) => a && b && a.from === b.from && Math.abs(new Date(b.at) - new Date(a.at)) < GROUP_WITHIN;
        const last = !follows(entry, after) || (after && after.state !== entry.state);
        const timed = last && (index === lastFromCustomer || !after || new Date(after.at) - time > GROUP_WITHIN);
        node.classList.toggle("first", !follows(before, entry));
        node.classList.toggle("last", last);
        for (const state of ["waiting", "failed"]) node.classList.toggle(state, entry.state === state);
        const meta = node.querySelector(".meta");
        const text = this.meta(words, entry, time, timed);
        if (meta.textContent !== text) meta.textContent = text;
        if (entry.from !== "customer") this.settle(node, answers[index]);
        wanted.push(node);
      });
      this.arrange(wanted);
      this.intro.querySelectorAll(".choice").forEach((button) => (button.disabled = entries.length > 0));
      this.dots.hidden = !this.link.typing;
      const typing = this.link.typing ? `${words.typing} …` : "";
      if (this.typingStatus.textContent !== typing) this.typingStatus.textContent = typing;
      this.input.maxLength = this.link.limit;
      this.announceNetwork();
      this.unread();
      if (atBottom) this.toBottom();
      this.speakUp();
    }

    // What stood there before is not read out; what comes from now on is.
    speakUp() {
      if (this.log.getAttribute("aria-live") === "polite" || this.speaking) return;
      if (!this.link.online && this.link.token) return;
      this.speaking = setTimeout(() => {
        this.speaking = null;
        this.log.setAttribute("aria-live", "polite");
      }, 300);
    }

    arrange(wanted) {
      const keep = new Set(wanted);
      for (const child of [...this.list.children]) if (!keep.has(child)) child.remove();
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
        ? new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(days, "day")
        : new Intl.DateTimeFormat(this.locale, { weekday: "long", day: "numeric", month: "long" }).format(time);
      const node = h("div", { class: "day" }, text.charAt(0).toUpperCase() + text.slice(1));
      this.nodes.set(key, node);
      return node;
    }

    node(entry, live) {
      const known = this.nodes.get(entry.id);
      if (known) return known;
      const words = this.words;
      const who = { customer: words.you, staff: words.staff }[entry.from] || words.bot;
      const node = h("div", { class: `message ${entry.from}` }, hidden(`${who}: `), ...this.content(entry), h("div", { class: "meta" }));
      if (live || entry.state !== "kept") node.classList.add("fresh");
      this.nodes.set(entry.id, node);
      return node;
    }

    content({ from, content }) {
      const words = this.words;
      const bubble = (text) => text && h("div", { class: "bubble" }, ...(from === "customer" ? [text] : rich(words, text)));
      switch (content.kind) {
        case "image":
          return [this.image(content.url, content.alt, "picture")];
        case "card": {
          const facts = (content.facts || []).flatMap(({ label, value }) => [h("dt", {}, label), h("dd", {}, value)]);
          const title = content.url ? link(words, content.url, null, content.title) : content.title;
          const body = h("div", {}, h("h3", {}, title));
          if (content.subtitle) body.append(h("p", {}, ...inline(words, content.subtitle)));
          if (facts.length) body.append(h("dl", {}, ...facts));
          if (content.buttons) body.append(this.choices(content.buttons));
          return [h("div", { class: "card" }, content.image ? this.image(content.image, "") : null, body)];
        }
        default:
          return [bubble(content.text), content.buttons ? this.choices(content.buttons) : null];
      }
    }

    image(source, alt, className) {
      const words = this.words;
      const src = safeUrl(source);
      const picture = h("img", { src: src || "", alt: alt || "", class: className, loading: "lazy", referrerpolicy: "no-referrer" });
      picture.addEventListener("load", () => this.stick && this.toBottom());
      picture.addEventListener("error", () => {
        if (src) picture.replaceWith(h("div", { class: "bubble" }, link(words, src, null, alt || words.image)));
        else picture.remove();
      });
      return picture;
    }

    choices(buttons) {
      const words = this.words;
      const nodes = buttons.map(({ title, payload, url }) => {
        if (url) return link(words, url, "choice", title, icon("out"));
        const node = h("button", { class: "choice", type: "button" }, title);
        node.addEventListener("click", () => this.say(title, payload));
        return node;
      });
      return h("div", { class: "choices", role: "group", "aria-label": words.choices }, ...nodes);
    }

    // Choices are open until the customer has answered; then they show which one it was.
    settle(node, answer) {
      for (const button of node.querySelectorAll("button.choice")) {
        button.disabled = answer !== null;
        if (answer === button.textContent && !button.classList.contains("chosen")) {
          button.classList.add("chosen");
          button.prepend(icon("check"));
        }
      }
    }

    meta(words, entry, time, timed) {
      if (entry.state === "sending") return words.sending;
      if (entry.state === "waiting") return words.waiting;
      if (entry.state === "failed") {
        return `${words.failed}. ${words.refused[entry.item.code] || entry.item.reason || ""}`.trim();
      }
      if (!timed) return "";
      const clock = new Intl.DateTimeFormat(this.locale, { hour: "2-digit", minute: "2-digit" }).format(time);
      if (entry.from === "customer") return `${words.sent} ${clock}`;
      return entry.from === "staff" ? `${words.staff} ${clock}` : clock;
    }

    announceNetwork() {
      const { online, token, queue } = this.link;
      const away = !online && Boolean(token || queue.length);
      const say = (text) => {
        if (this.network.textContent !== text) this.network.textContent = text;
        if (this.nearBottom()) this.toBottom();
      };
      if (!away) {
        clearTimeout(this.networkTimer);
        this.networkTimer = null;
        say("");
      } else if (this.network.textContent) {
        say(this.words.offline); // the language may have changed
      } else {
        // A blink of the connection is not worth a word. Counted from the first failure, however
        // many attempts follow.
        this.networkTimer ??= setTimeout(() => say(this.words.offline), 2_000);
      }
    }

    unread() {
      const { lines } = this.link;
      if (this.isOpen && document.visibilityState === "visible") this.markSeen();
      const seen = lines.map((line) => line.id).lastIndexOf(this.store.get("seen"));
      const count = seen < 0 ? 0 : lines.slice(seen + 1).filter((line) => line.from !== "customer").length;
      this.badge.hidden = count === 0;
      this.badge.textContent = count > 9 ? "9+" : String(count);
      const words = this.words;
      this.launcher.setAttribute("aria-label", `${this.text("launch")}: ${words.open}${count ? `, ${words.unread(count)}` : ""}`);
    }

    markSeen() {
      const last = this.link.lines[this.link.lines.length - 1];
      if (last && this.store.get("seen") !== last.id) this.store.set("seen", last.id);
    }

    // ------------------------------------------------------------------------------------- doing

    open(focus = true) {
      if (!this.isOpen) this.show();
      this.store.set("open", true, "sessionStorage");
      if (focus) (TOUCH.matches ? this.log : this.input).focus();
      this.toBottom();
      this.render();
    }

    // On a phone the panel covers the page, so it is modal there; elsewhere the page stays usable.
    show() {
      if (this.isOpen) this.panel.close();
      if (SMALL.matches) this.panel.showModal();
      else this.panel.show();
      this.holdPage(SMALL.matches);
      this.launcher.hidden = true;
      this.launcher.setAttribute("aria-expanded", "true");
      this.fit();
    }

    // The page behind does not scroll along.
    holdPage(hold) {
      const { style } = document.documentElement;
      if (hold) {
        this.overflow ??= style.overflow;
        style.overflow = "hidden";
      } else if (this.overflow !== undefined) {
        style.overflow = this.overflow;
        this.overflow = undefined;
      }
    }

    close() {
      if (!this.isOpen) return;
      this.markSeen();
      this.holdPage(false);
      this.toggleMenu(false);
      this.panel.close();
      this.store.set("open", null, "sessionStorage");
      this.launcher.hidden = false;
      this.launcher.setAttribute("aria-expanded", "false");
      this.launcher.focus();
      this.render();
    }

    // Open, and ask what the customer would.
    ask(text) {
      this.open();
      this.say(text);
    }

    say(text, payload) {
      this.stick = true;
      this.link.say(text, payload);
      this.toBottom();
      // On a phone focus would bring up the keyboard over the answer, unless it is up already.
      if (this.shadowRoot.activeElement !== this.input) (TOUCH.matches ? this.log : this.input).focus();
    }

    submit() {
      // Editors paste control characters that no one sees; the server refuses them.
      const text = this.input.value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, " ").trim();
      if (!text) return this.input.focus();
      this.input.value = "";
      this.typed();
      this.say(text);
    }

    typed() {
      const { value } = this.input;
      this.form.classList.toggle("empty", !value.trim());
      this.store.set("draft", value || null, "sessionStorage");
      if (!CSS_SIZES_FIELDS) {
        this.input.style.height = "auto";
        this.input.style.height = `${this.input.scrollHeight}px`;
      }
      const left = this.link.limit - value.length;
      this.count.textContent = left < 200 ? this.words.left(left) : "";
    }

    escape(event) {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      if (this.options.hidden) this.close();
      else {
        this.toggleMenu(false);
        this.menuButton.focus();
      }
    }

    toggleMenu(open = this.options.hidden) {
      this.options.hidden = !open;
      this.menuButton.setAttribute("aria-expanded", String(open));
      if (open) this.options.firstChild.focus();
    }

    switchLanguage() {
      this.store.set("language", this.language === "nb" ? "en" : "nb");
      this.relabel();
      this.toggleMenu(false);
      this.menuButton.focus();
      this.toBottom();
    }

    askRestart() {
      const words = this.words;
      this.toggleMenu(false);
      const done = (restart) => {
        this.confirm.close();
        if (restart) this.link.startOver();
        this.input.focus();
      };
      this.confirm.replaceChildren(
        h("p", { id: "question" }, words.confirm),
        h("div", { class: "choices" },
          h("button", { class: "choice", type: "button", onclick: () => done(false) }, words.no),
          h("button", { class: "choice", type: "button", onclick: () => done(true) }, words.yes)),
      );
      this.confirm.oncancel = () => this.menuButton.focus();
      this.confirm.showModal();
    }

    save() {
      const words = this.words;
      const told = ({ kind, text, title, subtitle, facts, url, alt }) =>
        kind === "card"
          ? [title, subtitle, ...(facts || []).map((fact) => `${fact.label}: ${fact.value}`)].filter(Boolean).join("\n  ")
          : kind === "image" ? `[${words.image}: ${alt || url}]` : text || "";
      const format = new Intl.DateTimeFormat(this.locale, { dateStyle: "short", timeStyle: "short" });
      const text = this.link.lines.map((line) => {
        const who = { customer: words.you, staff: words.staff }[line.from] || words.bot;
        return `${format.format(new Date(line.at))} ${who}: ${told(line.content)}`;
      }).join("\n");
      const href = URL.createObjectURL(new Blob([text + "\n"], { type: "text/plain;charset=utf-8" }));
      h("a", { href, download: `chat-${new Date().toISOString().slice(0, 10)}.txt` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 1_000);
      this.toggleMenu(false);
      this.menuButton.focus();
    }

    nearBottom() {
      return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    }

    scrolled() {
      this.stick = this.nearBottom();
      this.latest.hidden = this.stick;
    }

    toBottom(focus = false) {
      this.stick = true;
      this.log.scrollTop = this.log.scrollHeight;
      this.latest.hidden = true;
      if (focus) this.log.focus();
    }

    // Keep above a phone's keyboard, which covers the page without resizing it.
    fit() {
      const view = window.visualViewport;
      if (!view || !SMALL.matches || view.scale > 1.05) {
        this.panel?.style.removeProperty("--height");
        this.panel?.style.removeProperty("--top");
        return;
      }
      this.panel.style.setProperty("--height", `${view.height}px`);
      this.panel.style.setProperty("--top", `${view.offsetTop}px`);
      if (this.stick) this.toBottom();
    }
  }

  const CSS_SIZES_FIELDS = window.CSS?.supports?.("field-sizing", "content");

  customElements.define(NAME, FlerkanalChat);

  const place = () => {
    if (document.querySelector(NAME)) return;
    const chat = document.createElement(NAME);
    Object.assign(chat.dataset, SCRIPT?.dataset);
    document.body.append(chat);
  };
  if (SCRIPT?.dataset.channel) {
    if (document.body) place();
    else addEventListener("DOMContentLoaded", place, { once: true });
  }
})();
