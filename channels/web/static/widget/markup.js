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
