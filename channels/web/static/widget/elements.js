const ICONS = {
  chat: "M4 5.5A2.5 2.5 0 0 1 6.500 3h11A2.500 2.500 0 0 1 20 5.500v8a2.500 2.500 0 0 1-2.500 2.500H11l-4.600 3.700A.9.9 0 0 1 5 19v-3.100A2.500 2.500 0 0 1 4 13.500z",
  close: "M6 6l12 12M18 6L6 18",
  menu: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M12 19V5M5.500 11.500 12 5l6.500 6.500",
  down: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
  out: "M14 5h5v5M19 5l-8 8M10 6H6v12h12v-4",
  check: "M5 12.500l4.500 4.500L19 7.500",
  back: "M19 12H5M11 5.500 4.500 12l6.500 6.500",
  forth: "M5 12h14M13 5.500l6.500 6.500L13 18.500",
  file: "M13.500 3.500H7A1.500 1.500 0 0 0 5.500 5v14A1.500 1.500 0 0 0 7 20.500h10a1.500 1.500 0 0 0 1.500-1.500V8.500zM13.500 3.500v5h5",
  save: "M12 4v11M7 10.500l5 5 5-5M5 20h14",
  place: "M12 21s-6.500-6-6.500-11a6.500 6.500 0 0 1 13 0c0 5-6.500 11-6.500 11zM12 7.700a2.300 2.300 0 1 0 0 4.600 2.300 2.300 0 0 0 0-4.600z",
  person: "M12 4.500a3.700 3.700 0 1 0 0 7.400 3.700 3.700 0 0 0 0-7.400zM5 19.500a7 7 0 0 1 14 0",
  star: "M12 3.200l2.700 5.600 6.100.8-4.500 4.200 1.200 6.100-5.500-3-5.500 3 1.200-6.100-4.500-4.200 6.100-.8z",
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

let ids = 0;
const freshId = (name) => `${name}-${(ids += 1)}`;
