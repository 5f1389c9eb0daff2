// Questions that are answered by choosing or filling in. `settle(answer)` of each is called with what
// the customer said next, null while that is nothing: buttons, lists and ratings then show which one
// it was, fields go away, since the answer stands below. Its second argument: a person has spoken since.
const asking = (part, settle) => {
  part.classList.add("asks");
  part.settle = settle;
  return part;
};

// The browser validates; what it says is in the widget's language.
const explained = (field, reason) => {
  field.addEventListener("invalid", () => field.setCustomValidity(reason(field.validity)));
  for (const type of ["input", "change"]) field.addEventListener(type, () => field.setCustomValidity(""));
  return field;
};

// More of them than this, and without descriptions, make a closed list.
const OPEN_LIST = 6;
const STARS = 5;

// `about` is everywhere the id of what describes the question.
class Asks {
  constructor(chat) {
    this.chat = chat;
  }

  get words() {
    return this.chat.words;
  }

  // Buttons under a text. `quick` ones are gone once the customer has answered.
  choices(buttons, { quick = false, about } = {}) {
    const { words, chat } = this;
    const nodes = buttons.map(({ title, payload, url }) => {
      if (url) return link(words, url, "choice", title, icon("out"));
      const node = h("button", { class: "choice offer", type: "button", "aria-describedby": about }, title);
      node.addEventListener("click", () => {
        node.dataset.pressed = "";
        chat.say(title, payload);
      });
      return node;
    });
    const group = h("div", { class: quick ? "choices quick" : "choices", role: "group", "aria-label": words.choices }, ...nodes);
    return quick ? asking(group, (answer, overtaken) => (group.hidden = answer !== null || overtaken)) : group;
  }

  list({ options, label }, about) {
    const { words, chat } = this;
    const open = options.length <= OPEN_LIST || options.some((option) => option.description);
    const name = freshId("list");
    const field = open
      ? h("fieldset", { class: "list", "aria-describedby": about }, h("legend", { class: "sr" }, label || words.fromList),
          ...options.map((option, index) =>
            h("label", {}, explained(h("input", { type: "radio", name, value: index, required: true }), () => words.pickOne),
              h("span", {}, option.title, option.description ? h("small", {}, option.description) : null))))
      : h("select", { "aria-label": label || words.fromList, "aria-describedby": about, required: true },
          h("option", { value: "" }, label || words.fromList),
          ...options.map((option, index) => h("option", { value: index }, option.title)));
    if (!open) explained(field, () => words.pickOne);
    const inputs = open ? [...field.querySelectorAll("input")] : [field];
    // All of a group are valid or none is.
    field.addEventListener("change", () => inputs.forEach((input) => input.setCustomValidity("")));
    const form = this.form("choosing", words.choose, field, () => {
      const chosen = options[open ? inputs.find((input) => input.checked).value : field.value];
      chat.say(chosen.title, chosen.payload);
    });
    return asking(form, (answer) => {
      const index = options.findIndex((option) => option.title === answer);
      field.disabled = answer !== null;
      form.button.hidden = answer !== null;
      if (answer === null) return;
      if (open) inputs.forEach((input, number) => (input.checked = number === index));
      else field.value = index < 0 ? "" : index;
    });
  }

  date({ payload, earliest, latest }, about) {
    const { words, chat } = this;
    const day = (text) => new Date(`${text}T12:00`);
    const long = new Intl.DateTimeFormat(chat.locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    const told = (text) => new Intl.DateTimeFormat(chat.locale, { weekday: "long", day: "numeric", month: "long" }).format(day(text));
    const bounds = earliest && latest ? words.between(told(earliest), told(latest))
      : earliest ? words.notBefore(told(earliest))
      : latest ? words.notAfter(told(latest)) : "";
    const id = freshId("date");
    const input = explained(
      h("input", { type: "date", id, min: earliest, max: latest, required: true, "aria-describedby": [about, `${id}-bounds`].filter(Boolean).join(" ") }),
      (validity) => (validity.rangeUnderflow || validity.rangeOverflow ? `${words.pickDay} ${bounds}.` : words.pickDay),
    );
    const field = h("div", { class: "field" }, h("label", { for: id }, words.date), input,
      h("small", { id: `${id}-bounds` }, bounds));
    const form = this.form("filling", words.choose, field, () =>
      chat.say(long.format(day(input.value)), payload.replaceAll("$date", input.value)));
    return this.passing(form);
  }

  // A telephone number or an e-mail address; it is said as any other words are.
  field(what, about) {
    const { words, chat } = this;
    const id = freshId(what);
    const kind = what === "email"
      ? { type: "email", autocomplete: "email", inputmode: "email", maxlength: 254 }
      : { type: "tel", autocomplete: "tel", inputmode: "tel", maxlength: 30, pattern: "\\s*\\+?[\\d \\(\\)\\-.]{5,28}" };
    const input = explained(
      h("input", { id, required: true, "aria-describedby": about, enterkeyhint: "send", ...kind }),
      () => (what === "email" ? words.badEmail : words.badPhone),
    );
    const field = h("div", { class: "field" }, h("label", { for: id }, words[what]), input);
    return this.passing(this.form("filling", words.send, field, () => chat.say(input.value.trim())));
  }

  // Where the customer is: by the browser, if they let it, else in their own words.
  place() {
    const { words, chat } = this;
    const status = h("p", { class: "note", role: "status" });
    const give = h("button", { class: "choice", type: "button" }, icon("place"), words.sharePlace);
    const failed = () => {
      give.disabled = false;
      status.textContent = words.noPlace;
      chat.input.focus();
    };
    give.addEventListener("click", () => {
      if (!navigator.geolocation) return failed();
      give.disabled = true;
      status.textContent = words.placing;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        if (part.hidden) return;
        // Five decimals are about a metre.
        const [latitude, longitude] = [coords.latitude, coords.longitude].map((value) => Number(value.toFixed(5)));
        chat.say(written({ latitude, longitude }), undefined, { latitude, longitude });
      }, failed, { timeout: 20_000, maximumAge: 60_000 });
    });
    const type = h("button", { class: "choice", type: "button", onclick: () => chat.input.focus() }, words.typePlace);
    const part = h("div", { class: "placing" }, h("div", { class: "choices", role: "group", "aria-label": words.choices }, give, type), status);
    return this.passing(part);
  }

  rating({ payload, scale = 5 }, about) {
    const { words, chat } = this;
    const name = freshId("rating");
    const stars = scale <= STARS;
    const told = h("output", { class: "note", "aria-hidden": "true" });
    const inputs = Array.from({ length: scale }, (_, index) =>
      explained(h("input", { type: "radio", name, value: index + 1, required: true, "aria-label": words.points(index + 1, scale) }), () => words.pickOne));
    const labels = inputs.map((input, index) => h("label", {}, input, stars ? icon("star") : h("span", { "aria-hidden": "true" }, String(index + 1))));
    const mark = () => {
      const points = inputs.findIndex((input) => input.checked) + 1;
      labels.forEach((label, index) => label.classList.toggle("on", stars ? index < points : index + 1 === points));
      told.textContent = points ? words.points(points, scale) : "";
    };
    const field = h("fieldset", { class: stars ? "points stars" : "points", "aria-describedby": about }, h("legend", { class: "sr" }, words.rating), ...labels, told);
    field.addEventListener("change", () => {
      inputs.forEach((input) => input.setCustomValidity(""));
      mark();
    });
    const form = this.form("rating", words.send, field, () => {
      const points = inputs.find((input) => input.checked).value;
      chat.say(points, payload.replaceAll("$rating", points));
    });
    return asking(form, (answer) => {
      field.disabled = answer !== null;
      form.button.hidden = answer !== null;
      if (answer !== null) inputs.forEach((input) => (input.checked = input.value === answer));
      mark();
    });
  }

  form(className, title, field, submit) {
    const button = h("button", { class: "choice", type: "submit" }, title);
    const form = h("form", { class: `ask ${className}`, onsubmit: (event) => {
      event.preventDefault();
      // A second click may be under way when the first has settled it.
      if (!button.hidden && !form.hidden) submit();
    } }, field, button);
    form.button = button;
    return form;
  }

  // Gone once there is an answer.
  passing(part) {
    return asking(part, (answer) => (part.hidden = answer !== null));
  }
}
