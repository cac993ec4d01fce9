// Points on the picture: handles that are dragged, clicked or pushed by keys.

export function makePoint(about, stage) {
  const handle = document.createElement("div");
  handle.className = about.value.length === 1 && !about.track ? "course-handle course-flat" : "course-handle";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-roledescription", "movable point");
  handle.setAttribute("aria-label", `${about.label}, move it with the arrow keys`);
  handle.hidden = true;
  stage.appendChild(handle);
  return { ...about, first: [...about.value], way: about.track, handle, held: false };
}

function fraction(value, [low, high, log]) {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

export function unfraction(part, [low, high, log]) {
  return log ? low * Math.pow(high / low, part) : low + part * (high - low);
}

export function place(point, scene, stage) {
  const axes = scene.axes[point.axes];
  point.handle.hidden = !axes;
  if (!axes) return;
  const shrink = stage.clientWidth / scene.size[0];
  const [left, top, width, height] = axes.box;
  const [x, y] = point.value;
  const on = point.track && along(point, axes, (x - point.bounds[0][0]) / (point.bounds[0][1] - point.bounds[0][0]));
  point.handle.style.left = `${(left + (on ? on[0] : fraction(x, axes.x)) * width) * shrink}px`;
  // A point with one coordinate lies on its curve, or slides along the bottom of its axes, under a plumb line.
  const up = on ? Math.min(Math.max(on[1], 0), 1) : y === undefined ? 0 : fraction(y, axes.y);
  const lift = y === undefined && !on ? 12 : 0;
  point.handle.style.top = `${(top + (1 - up) * height) * shrink - lift}px`;
  point.handle.style.setProperty("--course-tall", `${height * shrink - 22}px`);
  const words = point.value.map((v) => Number(v.toPrecision(3)));
  point.handle.setAttribute("aria-valuemin", point.bounds[0][0]);
  point.handle.setAttribute("aria-valuemax", point.bounds[0][1]);
  point.handle.setAttribute("aria-valuenow", words[0]);
  point.handle.setAttribute("aria-valuetext", words.join(", "));
}

// Where a handle is when it has gone part `t` of its way, as parts of the axes' width and height.
function along({ track }, axes, t) {
  const at = Math.min(Math.max(t, 0), 1) * (track.length - 1), i = Math.min(Math.floor(at), track.length - 2);
  const [from, to] = [track[i], track[i + 1]].map(([x, y]) => [fraction(x, axes.x), fraction(y, axes.y)]);
  return from.map((part, k) => part + (at - i) * (to[k] - part));
}

// How far along its way a handle is at this part of the axes' width.
export function wayAt({ track }, axes, across) {
  const parts = track.map(([x]) => fraction(x, axes.x)), last = parts.length - 1;
  const sign = parts[last] > parts[0] ? 1 : -1;
  const i = Math.min(Math.max(parts.findIndex((part) => sign * (part - across) >= 0), 1), last);
  const next = sign * (parts[last] - across) < 0 ? last : i;
  const t = (across - parts[next - 1]) / (parts[next] - parts[next - 1] || 1);
  return Math.min(Math.max((next - 1 + t) / last, 0), 1);
}

// The coordinates under the pointer, kept inside the point's bounds.
function under(event, point, scene, stage) {
  const axes = scene.axes[point.axes];
  const edge = stage.getBoundingClientRect();
  const grow = scene.size[0] / edge.width;
  const [left, top, width, height] = axes.box;
  const across = ((event.clientX - edge.left) * grow - left) / width;
  const up = 1 - ((event.clientY - edge.top) * grow - top) / height;
  if (point.track) {
    const [low, high] = point.bounds[0];
    return [low + wayAt(point, axes, across) * (high - low)];
  }
  return clamp(point, [unfraction(across, axes.x), unfraction(up, axes.y)]);
}

// A slider's handle on the picture, for the pointer alone: for the keyboard there is the slider.
export function makeGrip(about, stage) {
  const grip = makePoint(about, stage);
  grip.handle.classList.add("course-grip");
  for (const name of ["tabindex", "role", "aria-roledescription", "aria-label"]) grip.handle.removeAttribute(name);
  grip.handle.setAttribute("aria-hidden", "true");
  return grip;
}

function clamp(point, xy) {
  return point.bounds.map(([low, high], i) => Math.min(Math.max(xy[i], low), high));
}

function grab(event, point) {
  point.held = true;
  point.handle.classList.add("course-grabbed");
  point.handle.setPointerCapture(event.pointerId);
  if (point.handle.tabIndex >= 0) point.handle.focus({ preventScroll: true });
  event.preventDefault();
}

export function movable(point, page, scene, moved, signal) {
  const options = { signal };
  const { handle } = point;
  handle.addEventListener("pointerdown", (event) => grab(event, point), options);
  handle.addEventListener("pointermove", (event) => {
    if (!point.held || !scene()) return;
    point.value = under(event, point, scene(), page.sheet);
    moved();
  }, options);
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    handle.addEventListener(end, () => {
      point.held = false;
      handle.classList.remove("course-grabbed");
    }, options);
  handle.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const value = pushed(point, event.key, event.shiftKey);
    if (!value) return;
    event.preventDefault(); // nor may the page scroll
    event.stopPropagation();
    if (value.every((v, i) => v === point.value[i])) return;
    point.value = value;
    moved();
  }, options);
}

// Where a key sends a point: arrows a step, PageUp and PageDown a large one, Home and End to the ends of
// its first coordinate; Space leaves it where it is. Nothing for any other key.
export function pushed(point, key, far) {
  if (key === " ") return [...point.value];
  if (key === "Home" || key === "End")
    return point.value.map((v, i) => (i ? v : point.bounds[0][key === "Home" ? 0 : 1]));
  const large = key.startsWith("Page") || far;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
    PageUp: [0, 1], PageDown: [0, -1] }[key];
  if (!step) return null;
  // A point with one coordinate takes up and down, too.
  const go = point.bounds.length === 1 ? [step[0] + step[1]] : step;
  const share = large ? 0.1 : 0.01;
  return clamp(point, point.value.map((v, i) => point.places
    ? beside(point.places[i], v, go[i] * (large ? 4 : 1))
    : v + go[i] * share * (point.bounds[i][1] - point.bounds[i][0])));
}

// With no kernel a point has places on a grid: the number of the nearest, and the one some steps on.
export function nearest(places, value) {
  return places.reduce((best, place, i) =>
    Math.abs(place - value) < Math.abs(places[best] - value) ? i : best, 0);
}

export function beside(places, value, steps) {
  return places[Math.min(Math.max(nearest(places, value) + steps, 0), places.length - 1)];
}

// A press anywhere on the axes brings their nearest point there.
export function clickable(points, page, scene, moved, signal) {
  let finger = false;
  page.canvas.addEventListener("pointerdown", (event) => {
    finger = event.pointerType === "touch";
    if (!finger) bring(event);
  }, { signal });
  // A finger may only want to move the page: it brings the point when it taps.
  page.canvas.addEventListener("click", (event) => finger && bring(event), { signal });

  function bring(event) {
    // Seen closer, a drag moves the picture.
    if (!scene() || event.button || page.stage.classList.contains("course-zoomed")) return;
    const edge = page.sheet.getBoundingClientRect();
    const grow = scene().size[0] / edge.width;
    const x = (event.clientX - edge.left) * grow, y = (event.clientY - edge.top) * grow;
    let closest = null, best = Infinity;
    for (const point of points) {
      const axes = scene().axes[point.axes];
      if (!axes) continue;
      const [left, top, width, height] = axes.box;
      if (x < left || x > left + width || y < top || y > top + height) continue;
      const dx = left + fraction(point.value[0], axes.x) * width - x;
      const dy = point.value.length > 1 ? top + (1 - fraction(point.value[1], axes.y)) * height - y : 0;
      if (dx * dx + dy * dy < best) [best, closest] = [dx * dx + dy * dy, point];
    }
    if (!closest) return;
    closest.value = under(event, closest, scene(), page.sheet);
    if (!finger) grab(event, closest);
    moved();
  }
}

// Around a handle, in sixteenths: right, left, above, below, and then between.
const SIDES = [0, 8, 12, 4, 15, 1, 7, 9, 14, 2, 6, 10, 13, 3, 5, 11];

// Where a hint stands beside a handle: inside the axes, on the first side that is quiet, or else on the
// quietest one. `noise` tells how much the picture says in a place. Null where there is no room.
export function hintPlace([x, y], [wide, tall], [left, top, width, height], noise) {
  const sides = [1, 1.6, 2.2].flatMap((far) => SIDES.map((part) => [Math.cos, Math.sin].map((go, i) =>
    [x, y][i] + Math.round(far * go((part * Math.PI) / 8) * (14 + [wide, tall][i] / 2)) - [wide, tall][i] / 2)));
  let best = null, least = Infinity;
  for (const at of sides) {
    if (at[0] < left || at[1] < top || at[0] + wide > left + width || at[1] + tall > top + height) continue;
    const loud = noise(...at, wide, tall);
    if (loud < 0.0008) return at;
    if (loud < least) [best, least] = [at, loud];
  }
  return best;
}

// How much a part of a canvas stands out from what lies behind: words do, the faint lines of a map hardly.
function noiseOf(pixels) {
  const shades = new Uint32Array(256), { data } = pixels;
  for (let i = 0; i < data.length; i += 4)
    shades[Math.round(((0.3 * data[i] + 0.6 * data[i + 1] + 0.1 * data[i + 2]) * data[i + 3]) / 255)] += 1;
  const ground = shades.indexOf(Math.max(...shades));
  let loud = 0;
  shades.forEach((count, shade) => (loud += count * Math.max(Math.abs(shade - ground) - 40, 0)));
  return (4 * loud) / data.length / 255;
}

// Says on the first handle that it can be dragged, until one was, in this tab.
export function hinted(points, page, scene) {
  const key = "course-dragged", point = points[0];
  const used = () => {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return true; // a page that keeps nothing would say it for ever
    }
  };
  if (!point || used()) return { used() {}, settle() {} };
  const hint = Object.assign(document.createElement("span"), { className: "course-hint", textContent: "drag me" });
  hint.setAttribute("aria-hidden", "true"); // its label says so
  point.handle.append(hint);
  let due = 0;
  function stand() {
    const axes = scene()?.axes[point.axes], { canvas, sheet } = page;
    if (!axes || !hint.isConnected || !canvas.width || !hint.offsetWidth) return;
    const { left, top } = point.handle.style, at = [parseFloat(left), parseFloat(top)];
    const shrink = sheet.clientWidth / scene().size[0], fine = canvas.width / sheet.clientWidth;
    // What is read is a copy: a canvas that is read from again and again is drawn more slowly.
    const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    pen.drawImage(canvas, 0, 0);
    const found = hintPlace(at, [hint.offsetWidth, hint.offsetHeight], axes.box.map((part) => part * shrink),
      (x, y, wide, tall) => noiseOf(pen.getImageData(
        ...[x - 3, y - 3, wide + 6, tall + 6].map((each) => Math.round(each * fine)))));
    hint.style.visibility = found ? "visible" : "hidden";
    // The inside of the handle's border is where it is measured from. Unseen it lies to the left, where it
    // lets nothing be scrolled.
    [hint.style.left, hint.style.top] = found ? found.map((part, i) => `${part - at[i] + 6}px`) : ["", ""];
    hint.style.right = found ? "auto" : "";
  }
  return {
    used() {
      if (!hint.isConnected) return;
      hint.remove();
      sessionStorage.setItem(key, "1");
    },
    settle() {
      clearTimeout(due);
      if (hint.isConnected) due = setTimeout(stand, 100);
    },
  };
}
