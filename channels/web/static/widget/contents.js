// A place as a map shows it.
const mapUrl = (latitude, longitude) =>
  `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;

const written = ({ latitude, longitude }) => `${latitude},${longitude}`;

// What each kind of content looks like. Those that ask for an answer are made by Asks.
class Contents {
  // `chat`: whose words they use, and who says what is chosen.
  constructor(chat) {
    this.chat = chat;
    this.asks = new Asks(chat);
  }

  get words() {
    return this.chat.words;
  }

  // The nodes of a line; none for a kind that this widget does not know and that has no words.
  nodes({ from, content }) {
    const { asks } = this;
    const said = this.bubble(content.text, from === "customer");
    // What a question's controls are described by.
    const about = said ? (said.id = freshId("said")) : undefined;
    switch (content.kind) {
      case "buttons":
        return [said, asks.choices(content.buttons || [])];
      case "quick_replies":
        return [said, asks.choices(content.replies || [], { quick: true })];
      case "image":
        return [this.image(content.url, content.alt, "picture")];
      case "file":
        return [said, this.file(content)];
      case "card":
        return [this.card(content)];
      case "carousel":
        return [this.carousel(content.cards || [])];
      case "list_choice":
        return [said, asks.list(content, about)];
      case "date_choice":
        return [said, asks.date(content, about)];
      case "request":
        return [said, content.what === "location" ? asks.place() : asks.field(content.what, about)];
      case "rating":
        return [said, asks.rating(content, about)];
      case "shared":
        return this.shared(content);
      default:
        return [said];
    }
  }

  // What the customer said next, or null where nothing yet, for the questions in a line. `overtaken`:
  // a person has spoken since.
  settle(node, answer, overtaken = false) {
    const { activeElement } = node.getRootNode();
    const focused = activeElement && node.contains(activeElement);
    const offers = [...node.querySelectorAll(".offer")];
    const same = offers.filter((button) => button.textContent === answer);
    // Cards side by side may offer the same words.
    const chosen = same.length > 1 ? same.filter((button) => "pressed" in button.dataset) : same;
    for (const button of offers) {
      button.disabled = answer !== null;
      if (chosen.includes(button) && !button.classList.contains("chosen")) {
        button.classList.add("chosen");
        button.prepend(icon("check"));
      }
    }
    for (const part of node.querySelectorAll(".asks")) part.settle(answer, overtaken);
    const gone = focused && (activeElement.matches(":disabled") || activeElement.closest("[hidden]"));
    if (gone) this.chat.log.focus();
  }

  bubble(text, plain = false) {
    return text ? h("div", { class: "bubble" }, ...(plain ? [text] : rich(this.words, text))) : null;
  }

  image(source, alt, className) {
    const { words, chat } = this;
    const src = safeUrl(source);
    const picture = h("img", { src: src || "", alt: alt || "", class: className, loading: "lazy", referrerpolicy: "no-referrer" });
    picture.addEventListener("load", () => chat.stick && chat.toBottom());
    picture.addEventListener("error", () => {
      if (src) picture.replaceWith(h("div", { class: "bubble" }, link(words, src, null, alt || words.image)));
      else picture.remove();
    });
    return picture;
  }

  file({ url, name }) {
    const { words } = this;
    const node = link(words, url, "document", icon("file"), h("span", {}, hidden(`${words.download}: `), name || words.shared.file), icon("save"));
    if (node.href) node.setAttribute("download", name || "");
    else node.className = "document";
    return node;
  }

  card(content) {
    const { words } = this;
    const id = freshId("card");
    const facts = (content.facts || []).flatMap(({ label, value }) => [h("dt", {}, label), h("dd", {}, value)]);
    const title = content.url ? link(words, content.url, null, content.title) : content.title;
    const body = h("div", {}, h("h3", { id }, title));
    if (content.subtitle) body.append(h("p", {}, ...inline(words, content.subtitle)));
    if (facts.length) body.append(h("dl", {}, ...facts));
    if (content.buttons) body.append(this.asks.choices(content.buttons, { about: id }));
    return h("div", { class: "card" }, content.image ? this.image(content.image, "") : null, body);
  }

  // Cards side by side, which scroll and snap; buttons and arrow keys go from one to the next.
  carousel(cards) {
    const { words } = this;
    const items = cards.map((card, index) =>
      h("li", { "aria-label": words.card(index + 1, cards.length) }, this.card(card)));
    const list = h("ul", { class: "cards", role: "list", tabindex: "0", "aria-label": words.cards(cards.length) }, ...items);
    const where = h("span", { class: "where", role: "status", "aria-atomic": "true" });
    let at = 0;
    const tell = (number) => {
      at = number;
      back.disabled = at === 0;
      forth.disabled = at === items.length - 1;
      const text = words.card(at + 1, items.length);
      if (where.textContent !== text) where.textContent = text;
    };
    const go = (number) => {
      const to = Math.max(0, Math.min(items.length - 1, number));
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      list.scrollTo({ left: items[to].offsetLeft, behavior: still ? "auto" : "smooth" });
      tell(to);
    };
    const back = h("button", { class: "tool", type: "button", "aria-label": words.previous, title: words.previous, onclick: () => go(at - 1) }, icon("back"));
    const forth = h("button", { class: "tool", type: "button", "aria-label": words.next, title: words.next, onclick: () => go(at + 1) }, icon("forth"));
    list.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: items.length - 1 }[event.key];
      if (step === undefined || event.target !== list) return;
      event.preventDefault();
      go(step);
    });
    // A finger scrolls by itself; where that has come to rest is told.
    let resting;
    list.addEventListener("scroll", () => {
      clearTimeout(resting);
      resting = setTimeout(() => {
        const gaps = items.map((item) => Math.abs(item.offsetLeft - list.scrollLeft));
        tell(gaps.indexOf(Math.min(...gaps)));
      }, 120);
    });
    if (items.length) tell(0);
    const bar = h("div", { class: "turn", hidden: items.length < 2 }, where, back, forth);
    return h("div", { class: "carousel", role: "group", "aria-label": words.cards(cards.length) }, list, bar);
  }

  // What a customer sent along, here or in another channel.
  shared({ text, attachments }) {
    const { words } = this;
    const parts = (attachments || []).map((item) => {
      const name = item.name || words.shared[item.kind] || words.shared.file;
      if (item.kind === "location") {
        const url = mapUrl(item.latitude, item.longitude);
        return h("div", { class: "bubble sent" }, icon("place"),
          h("span", {}, item.name || words.place, " ", link(words, url, null, words.map)));
      }
      if (["image", "sticker"].includes(item.kind) && item.url) return this.image(item.url, name, "picture");
      return h("div", { class: "bubble sent" }, icon("file"), h("span", {}, item.url ? link(words, item.url, null, name) : name));
    });
    const placed = (attachments || []).some((item) => item.kind === "location" && written(item) === text);
    return [placed ? null : this.bubble(text, true), ...parts];
  }

  // The same in plain words, to take home.
  plain(content) {
    const { words } = this;
    const { kind, text, title, subtitle, facts, url, alt, name } = content;
    const lines = (...parts) => parts.flat().filter(Boolean).join("\n  ");
    switch (kind) {
      case "image":
        return `[${words.image}: ${alt || url}]`;
      case "file":
        return lines(text, `[${words.shared.file}: ${name} ${url}]`);
      case "card":
        return lines(title, subtitle, (facts || []).map((fact) => `${fact.label}: ${fact.value}`), url);
      case "carousel":
        return lines((content.cards || []).map((card) => this.plain({ ...card, kind: "card" })));
      case "list_choice":
        return lines(text, content.options.map((option) => `- ${option.title}`));
      case "shared":
        return lines(text, content.attachments.map((item) => {
          const what = item.kind === "location" ? `${words.place}: ${written(item)}` : words.shared[item.kind];
          return `[${[what, item.name, item.url].filter(Boolean).join(" ")}]`;
        }));
      default:
        return text || "";
    }
  }
}
