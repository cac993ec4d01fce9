// Frames: out of the messages that bring them, and onto the canvas.

export const UNPACKS = typeof DecompressionStream !== "undefined";

// The frames of a slice and what belongs to them, one after the other in one compressed buffer.
export async function unzipped(lengths, buffer) {
  const { writable, readable } = new DecompressionStream("deflate");
  const writer = writable.getWriter();
  writer.write(buffer).then(() => writer.close()).catch(() => {}); // reading says what is wrong
  const all = await new Response(readable).arrayBuffer();
  let at = 0;
  const [text, ...parts] = lengths.map((length) => new DataView(all.slice(at, (at += length))));
  return [JSON.parse(new TextDecoder().decode(text)), parts];
}

// The vertices of a message, which come as floats but may not start where floats can.
export function numbers(bytes) {
  const start = bytes.byteOffset || 0;
  return new Float32Array((bytes.buffer || bytes).slice(start, start + bytes.byteLength));
}

// A frame as it is drawn, from the message that brought it.
export async function unpack(content, buffers, read = numbers) {
  const { standing, keys, failed, printed, on, idle, tracks, draw: layers } = content;
  const frame = { standing, keys, failed, printed, on, idle, tracks, bytes: 500 };
  if (!layers) return frame;
  frame.vertices = read(buffers[content.vertices]);
  frame.bytes += frame.vertices.byteLength + 300 * layers.length;
  for (const layer of layers)
    if (layer.kind === "image") {
      layer.picture = await bitmap(buffers[layer.image]);
      frame.bytes += 4 * layer.picture.width * layer.picture.height;
    }
  frame.layers = layers;
  return frame;
}

// The vertices of a frame from whole 64ths: of each the step from the one two before, in four rows of
// bytes, the lowest first. replay.py writes them so.
export function floats(bytes) {
  const count = bytes.length / 4, whole = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const step = bytes[i] | (bytes[count + i] << 8) | (bytes[2 * count + i] << 16) | (bytes[3 * count + i] << 24);
    whole[i] = step + (i > 1 ? whole[i - 2] : 0);
  }
  return Float32Array.from(whole, (number) => (number === -(2 ** 31) ? NaN : number / 64));
}

export async function bitmap(bytes) {
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

// The still pictures that lie between moving artists or above them.
export function pictures(parts, buffers) {
  return Promise.all(parts.map(async ({ at, image }) => ({ at, picture: await bitmap(buffers[image]) })));
}

// What is drawn for one control can be lit: then what belongs to another one fades.
export function paint(canvas, scene, frame, lit = null) {
  const [width, height] = scene.size;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height); // a figure may be transparent
  pen.drawImage(scene.below, 0, 0);
  const fades = frame && lit !== null && frame.layers.some(({ of }) => of === lit);
  for (const layer of frame ? frame.layers : []) {
    pen.save();
    if (fades && layer.of !== undefined && layer.of !== lit) pen.globalAlpha = 0.12;
    if (layer.clip) {
      pen.beginPath();
      pen.rect(...layer.clip);
      pen.clip();
    }
    LAYERS[layer.kind](pen, layer, frame.vertices, scene);
    pen.restore();
  }
}

const LAYERS = {
  image(pen, layer) {
    pen.drawImage(layer.picture, ...layer.at);
  },
  still(pen, { part }, vertices, scene) {
    const found = scene.between[part];
    if (found) pen.drawImage(found.picture, ...found.at);
  },
  line(pen, layer, vertices) {
    stroke(pen, layer, outline(vertices, layer.at));
  },
  area(pen, layer, vertices) {
    const shape = outline(vertices, layer.at);
    if (layer.face) {
      pen.fillStyle = layer.face;
      pen.fill(shape);
    }
    stroke(pen, layer, shape);
  },
  marks(pen, layer, vertices) {
    const at = part(vertices, layer.at);
    const faces = layer.faces && part(vertices, layer.faces);
    const sizes = layer.sizes && part(vertices, layer.sizes);
    const stamp = at.length > 2 * FEW && !faces && !sizes && stampOf(layer, vertices);
    dress(pen, layer);
    const shapes = new Map(); // one shape for each size
    for (let i = 0; i < at.length / 2; i++) {
      const x = at[2 * i], y = at[2 * i + 1];
      if (!(Math.abs(x) < 1e5 && Math.abs(y) < 1e5)) continue;
      if (stamp && Number.isInteger(x) && Number.isInteger(y)) {
        pen.drawImage(stamp.picture, x + stamp.left, y + stamp.top);
        continue;
      }
      const size = sizes ? sizes[i % sizes.length] : 1;
      if (!shapes.has(size)) shapes.set(size, outline(vertices, layer.outline, size));
      if (faces) {
        const f = 4 * (i % (faces.length / 4));
        pen.fillStyle = `rgba(${faces[f]},${faces[f + 1]},${faces[f + 2]},${faces[f + 3]})`;
      }
      pen.translate(x, y);
      ink(pen, layer, shapes.get(size), faces);
      pen.translate(-x, -y);
    }
  },
};

// How marks look, and one of them where the pen stands.
function dress(pen, layer) {
  style(pen, layer);
  if (layer.edge) pen.strokeStyle = layer.edge;
  if (layer.face) pen.fillStyle = layer.face;
}

function ink(pen, layer, shape, faces) {
  if (layer.face || faces) pen.fill(shape);
  if (layer.edge && layer.width) pen.stroke(shape);
}

// Many marks that look alike, each in the middle of a pixel: drawn once, aside, and put down like a
// stamp, as matplotlib's own renderer does. Each takes a fifth of the time, and the same look in the
// next frame has its stamp already.
const FEW = 4, STAMPS = 100, WIDEST = 256;
const stamps = new Map();

function stampOf(layer, vertices) {
  const { face, edge, width, cap, join, dash, offset } = layer, points = part(vertices, layer.outline);
  const key = JSON.stringify([face, edge, width, cap, join, dash, offset]) + points.join();
  if (!stamps.has(key)) {
    if (stamps.size >= STAMPS) stamps.clear();
    const box = extent(points, 2 * width + 2); // a miter reaches two widths out
    stamps.set(key, box && { ...box, picture: stamped(layer, vertices, box) });
  }
  return stamps.get(key);
}

function stamped(layer, vertices, { left, top, wide, tall }) {
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [wide, tall];
  const pen = picture.getContext("2d");
  pen.translate(-left, -top);
  dress(pen, layer);
  ink(pen, layer, outline(vertices, layer.outline));
  return picture;
}

// The whole pixels that a shape and a margin around it take; null where it is none, or a large one.
export function extent(points, margin) {
  const range = (first) => {
    const all = points.filter((number, i) => i % 2 === first && !Number.isNaN(number));
    return [Math.floor(Math.min(...all) - margin), Math.ceil(Math.max(...all) + margin)];
  };
  const [left, right] = range(0), [top, bottom] = range(1), wide = right - left, tall = bottom - top;
  return wide > 0 && Math.max(wide, tall) <= WIDEST ? { left, top, wide, tall } : null;
}

function part(vertices, [start, count]) {
  return vertices.subarray(start, start + count);
}

// A path through the vertices. A vertex that is no number ends one part; a part that comes back to
// where it began is closed.
export function outline(vertices, range, size = 1) {
  const at = part(vertices, range);
  const path = new Path2D();
  let begin = -1;
  for (let i = 0; i < at.length; i += 2) {
    const x = at[i] * size, y = at[i + 1] * size;
    if (Number.isNaN(x) || Number.isNaN(y)) {
      begin = -1;
    } else if (begin < 0) {
      path.moveTo(x, y);
      begin = i;
    } else if (i > begin + 4 && at[i] === at[begin] && at[i + 1] === at[begin + 1]) {
      path.closePath();
    } else {
      path.lineTo(x, y);
    }
  }
  return path;
}

function stroke(pen, layer, shape) {
  if (!layer.edge || !layer.width) return;
  pen.strokeStyle = layer.edge;
  style(pen, layer);
  pen.stroke(shape);
}

// A stroke as matplotlib's own renderer makes it.
function style(pen, { width, cap, join, dash, offset }) {
  pen.lineWidth = width;
  pen.lineCap = cap === "projecting" ? "square" : cap;
  pen.lineJoin = join;
  pen.miterLimit = 4;
  pen.setLineDash(dash);
  pen.lineDashOffset = offset;
}
