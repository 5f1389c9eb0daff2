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
