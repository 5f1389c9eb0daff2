const SMALL = matchMedia("(max-width: 520px), (max-height: 420px)");
const TOUCH = matchMedia("(pointer: coarse)");

class FlerkanalChat extends HTMLElement {
  static observedAttributes = ["data-lang", "data-theme", "data-accent", "data-title", "data-identity"];

  connectedCallback() {
    if (this.connection) {
      this.connection.start();
      return;
    }
    const server = new URL(this.dataset.server || SCRIPT?.src || location.href, location.href);
    const channel = this.dataset.channel || "web";
    const url = new URL(`/webhooks/${channel}/ws`, server);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.store = new Store(`flerkanal:${server.host}:${channel}:`);
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
    this.connection = new Connection(url, this.store, {
      locale: () => this.language,
      changed: (live) => this.render(live),
      told: (frame) => this.told(frame),
    });
    this.connection.identity = this.dataset.identity || null;
    this.build();
    this.connection.start();
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
    this.connection?.stop();
  }

  attributeChangedCallback(name) {
    if (!this.connection) return;
    if (name === "data-accent") this.paint();
    else if (name === "data-identity") this.connection.identify(this.dataset.identity || null);
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
    this.news = new News(this);
    this.launcher = h(
      "button",
      { class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.open() },
      icon("chat"),
      this.label,
      this.news.badge,
    );
    this.mark = h("span", { class: "mark", "aria-hidden": "true" });
    this.heading = h("h2", { id: "title" });
    this.subtitle = h("p", { class: "subtitle" });
    this.menu = new Menu(this);
    this.closeButton = h("button", { class: "tool", type: "button", onclick: () => this.close() }, icon("close"));
    this.intro = h("div", { class: "intro" });
    this.thread = new Thread(this);
    this.linking = new Linking(this);
    this.dots = h("div", { class: "dots", "aria-hidden": "true", hidden: true }, h("i"), h("i"), h("i"));
    this.log = h("div", { class: "log", role: "log", tabindex: "0", "aria-live": "off", onscroll: () => this.scrolled() },
      this.intro, this.thread.list, this.dots);
    this.typingStatus = h("div", { class: "typing sr", role: "status" });
    this.network = h("div", { class: "network", role: "status" });
    this.latest = h("button", { class: "latest tool", type: "button", hidden: true, onclick: () => this.toBottom(true) }, icon("down"));
    this.input = h("textarea", {
      id: "input", rows: "1", autocomplete: "off", enterkeyhint: "send",
      oninput: () => this.typed(true),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.submit();
      },
    });
    this.inputLabel = h("label", { class: "sr", for: "input" });
    this.sendButton = h("button", { class: "send", type: "submit" }, icon("send"));
    this.form = h("form", { class: "composer empty", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      this.inputLabel, this.input, this.sendButton);
    this.count = h("div", { class: "count", role: "status" });
    this.panel = h(
      "dialog",
      { class: "panel", "aria-labelledby": "title", onkeydown: (event) => this.escape(event),
        oncancel: (event) => { event.preventDefault(); this.close(); } },
      h("div", { class: "head" }, this.mark,
        h("div", {}, this.heading, this.subtitle), this.menu.button, this.closeButton),
      this.menu.options,
      this.log,
      h("div", { class: "bottom" }, this.latest, this.typingStatus, this.network, this.form, this.count),
    );
    this.panel.addEventListener("click", (event) => {
      const path = event.composedPath();
      if (!path.includes(this.menu.options) && !path.includes(this.menu.button)) this.menu.toggle(false);
    });
    // A root of our own, since a page's styles for all elements reach the host.
    this.shadowRoot.append(h("div", { class: "root" }, this.launcher, this.panel, this.menu.confirm, this.linking.dialog, this.news.status));
    this.input.value = this.store.get("draft", "sessionStorage") || "";
    this.relabel();
    this.typed();
  }

  // All words of the surface, in the language of now.
  relabel() {
    const words = this.words;
    for (const node of [this.launcher, this.panel, this.menu.confirm, this.linking.dialog, this.news.status]) node.lang = this.language;
    this.label.textContent = this.text("launch");
    this.heading.textContent = this.text("title");
    for (const [node, label] of [
      [this.menu.button, words.menu], [this.closeButton, words.close], [this.log, words.log],
      [this.sendButton, words.send], [this.latest, words.latest],
    ]) {
      node.setAttribute("aria-label", label);
      if (node !== this.log) node.title = label;
    }
    this.inputLabel.textContent = this.input.placeholder = words.input;
    const suggestions = (this.own("suggestions") || "").split("|").filter(Boolean);
    this.intro.replaceChildren(
      h("div", { class: "message bot first last" }, hidden(`${words.bot}: `),
        h("div", { class: "bubble" }, ...rich(words, this.text("greeting")))),
    );
    if (suggestions.length) {
      this.intro.append(h("div", { class: "choices", role: "group", "aria-label": words.suggestions },
        ...suggestions.map((title) => h("button", { class: "choice", type: "button", onclick: () => this.say(title) }, title))));
    }
    this.thread.clear();
    this.log.setAttribute("aria-live", "off");
    this.render();
  }

  // ------------------------------------------------------------------------------------ render

  render(live = false) {
    if (!this.panel || !this.connection) return;
    const atBottom = this.nearBottom();
    const entries = this.thread.show(live);
    this.intro.querySelectorAll(".choice").forEach((button) => (button.disabled = entries.length > 0));
    this.company();
    this.input.maxLength = this.connection.limit;
    this.linking.refresh();
    this.announceNetwork();
    this.news.refresh(live);
    if (atBottom) this.toBottom();
    this.speakUp();
  }

  // Whom the customer talks to, and whether they are writing.
  company() {
    const { words } = this;
    const { person, typing } = this.connection;
    const name = person?.name;
    const subtitle = !person ? this.text("subtitle") : name ? words.talkingTo(name) : words.talkingToSomebody;
    if (this.subtitle.textContent !== subtitle) this.subtitle.textContent = subtitle;
    const mark = person ? (name && initials(name)) || "person" : "chat";
    if (this.mark.dataset.shows !== mark) {
      this.mark.dataset.shows = mark;
      this.mark.replaceChildren(ICONS[mark] ? icon(mark) : mark);
    }
    this.dots.hidden = !typing;
    const status = !typing ? "" : `${typing === "staff" ? words.writes(name || words.staff) : words.typing} …`;
    if (this.typingStatus.textContent !== status) this.typingStatus.textContent = status;
    this.typingStatus.classList.toggle("sr", typing !== "staff");
  }

  // What stood there before is not read out; what comes from now on is.
  speakUp() {
    if (this.log.getAttribute("aria-live") === "polite" || this.speaking) return;
    if (!this.connection.online && this.connection.token) return;
    this.speaking = setTimeout(() => {
      this.speaking = null;
      this.log.setAttribute("aria-live", "polite");
    }, 300);
  }

  announceNetwork() {
    const { online, token, queue } = this.connection;
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

  // ------------------------------------------------------------------------------------- doing

  open(focus = true) {
    if (!this.isOpen) this.show();
    this.connection.opened();
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
    this.news.markSeen();
    this.holdPage(false);
    this.menu.toggle(false);
    this.panel.close();
    this.store.set("open", null, "sessionStorage");
    this.launcher.hidden = false;
    this.launcher.setAttribute("aria-expanded", "false");
    this.launcher.focus();
    this.render();
  }

  // What the server says about linking and signing in.
  told(frame) {
    if (frame.code !== "bad_identity") return this.linking.told(frame);
    console.warn("flerkanal: the identity token was refused", frame.message);
    this.dispatchEvent(new CustomEvent("identityrefused", { detail: { message: frame.message } }));
  }

  // Who the site's signed-in user is, by a token that the site's server signed.
  identify(token) {
    this.dataset.identity = token;
  }

  // The site's user has signed out: nothing of the conversation stays in this browser.
  signOut() {
    delete this.dataset.identity;
    this.input.value = "";
    this.typed();
    this.connection.startOver();
  }

  // Open, and ask what the customer would.
  ask(text) {
    this.open();
    this.say(text);
  }

  say(text, payload, location) {
    this.stick = true;
    this.connection.say(text, payload, location);
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

  // `live`: by the customer, just now.
  typed(live = false) {
    const { value } = this.input;
    if (live && value.trim()) this.connection.writing();
    this.form.classList.toggle("empty", !value.trim());
    this.store.set("draft", value || null, "sessionStorage");
    if (!CSS_SIZES_FIELDS) {
      this.input.style.height = "auto";
      this.input.style.height = `${this.input.scrollHeight}px`;
    }
    const left = this.connection.limit - value.length;
    this.count.textContent = left < 200 ? this.words.left(left) : "";
  }

  escape(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    if (!this.menu.isOpen) this.close();
    else {
      this.menu.toggle(false);
      this.menu.button.focus();
    }
  }

  switchLanguage() {
    this.store.set("language", this.language === "nb" ? "en" : "nb");
    this.relabel();
    this.menu.toggle(false);
    this.menu.button.focus();
    this.toBottom();
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

const place = () => {
  if (document.querySelector(NAME)) return;
  const chat = document.createElement(NAME);
  Object.assign(chat.dataset, SCRIPT?.dataset);
  document.body.append(chat);
};

// A page may carry the script twice.
if (!customElements.get(NAME)) {
  customElements.define(NAME, FlerkanalChat);
  if (!SCRIPT?.dataset.channel) {
    // The page places the element itself.
  } else if (document.body) place();
  else addEventListener("DOMContentLoaded", place, { once: true });
}
