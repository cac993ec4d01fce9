// Frames that were drawn for a white page, on a dark one: as theme.py tones colors, for pages with no kernel.

const decoded = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const encoded = (part) => (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055);
const between = (part, low = 0, high = 1) => Math.min(Math.max(part, low), high);

const brightness = (color) => color.reduce((sum, part, i) => sum + [0.2126, 0.7152, 0.0722][i] * decoded(part / 255), 0);

// From red, green and blue, from 0 to 255, to OKLab; and back.
function lab(color) {
  const [r, g, b] = color.map((part) => decoded(part / 255));
  const [l, m, s] = [0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
    0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
    0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b].map(Math.cbrt);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}
function fromLab([light, a, b]) {
  const [l, m, s] = [light + 0.3963377774 * a + 0.2158037573 * b, light - 0.1055613458 * a - 0.0638541728 * b,
    light - 0.0894841775 * a - 1.291485548 * b].map((part) => part ** 3);
  return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s].map((part) => Math.round(255 * encoded(between(part))));
}

// A color as far from the page's ground as it is from white: see `tone` in theme.py.
export function tone(color, ground) {
  const [light, a, b] = lab(color), page = lab(ground);
  const seen = 1.05 / (brightness(color) + 0.05);
  const turned = Math.min(Math.cbrt(seen * (brightness(ground) + 0.05) - 0.05), 0.96);
  let share = between((Math.hypot(a, b) - 0.035) / 0.045);
  share = share * share * (3 - 2 * share);
  return fromLab([turned + share * (Math.max(light, 0.72) - turned),
    a + (1 - share) * light * page[1], b + (1 - share) * light * page[2]]);
}

// Tones colors and pictures for one ground, each once.
export function toner(ground) {
  const colors = new Map(), pictures = new WeakMap();
  const of = (color) => {
    const key = (color[0] << 16) | (color[1] << 8) | color[2];
    if (!colors.has(key)) colors.set(key, tone(color, ground));
    return colors.get(key);
  };
  const css = (text) => {
    if (!text) return text;
    const [r, g, b, opacity] = text.match(/[\d.e-]+/g).map(Number);
    return `rgba(${of([r, g, b]).join(",")},${opacity})`;
  };
  function picture(image) {
    if (pictures.has(image)) return pictures.get(image);
    const copy = new OffscreenCanvas(image.width, image.height), pen = copy.getContext("2d");
    pen.drawImage(image, 0, 0);
    const pixels = pen.getImageData(0, 0, image.width, image.height), { data } = pixels;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3]) data.set(of([data[i], data[i + 1], data[i + 2]]), i);
    pen.putImageData(pixels, 0, 0);
    pictures.set(image, copy);
    return copy;
  }
  // What keeps its colors, such as a color map and what is written on it, is marked.
  return (frame) => {
    let { vertices } = frame;
    const layers = frame.layers.map((layer) => {
      if (layer.kept || layer.kind === "still") return layer;
      if (layer.kind === "image") return { ...layer, picture: picture(layer.picture) };
      if (layer.faces) {
        if (vertices === frame.vertices) vertices = vertices.slice();
        const [start, count] = layer.faces;
        for (let i = start; i < start + count; i += 4) vertices.set(of([...vertices.slice(i, i + 3)].map(Math.round)), i);
      }
      return { ...layer, edge: css(layer.edge), face: css(layer.face) };
    });
    return { ...frame, layers, vertices };
  };
}
