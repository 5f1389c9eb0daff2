// What tells a person from the bot: their name, and their initials as a mark.
const initials = (name) => {
  const parts = name.split(/[\s-]+/).map((part) => [...part].find((letter) => /\p{L}/u.test(letter))).filter(Boolean);
  return (parts.length > 1 ? parts[0] + parts[parts.length - 1] : parts[0] || "").toUpperCase();
};

// Above the first of the lines that somebody wrote in a row. Their name is said before each line to
// who can't see it.
const signature = (words, name) => {
  const letters = name ? initials(name) : "";
  return h("div", { class: "by", "aria-hidden": "true" },
    h("span", { class: "avatar" }, letters || icon("person")), h("span", {}, name || words.staff));
};
