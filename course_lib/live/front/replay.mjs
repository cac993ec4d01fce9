// The page with no kernel: an explorer from frames that were computed beforehand.

import { bitmap, pictures, floats, paint, unpack } from "./painter.mjs";
import { darkGround, onTheme } from "./ground.mjs";
import { toner } from "./night.mjs";
import { showValues } from "./bar.mjs";
import { written } from "./numbers.mjs";
import { isShort, isWide, segments } from "./segments.mjs";
import { build, player, pressing, speaker } from "./page.mjs";
import { dim, lit } from "./ties.mjs";
import { clickable, hinted, makeGrip, makePoint, movable, nearest, place } from "./points.mjs";

// Draws an explorer from frames that were computed beforehand, one for each combination of places.
export async function replay(host, text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const plain = await new Response(stream).arrayBuffer();
  const length = new DataView(plain).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(plain, 4, length)));
  let start = 4 + length;
  const buffers = about.lengths.map((size) => new Uint8Array(plain, (start += size) - size, size));
  const scenes = {};
  for (const [id, scene] of Object.entries(about.scenes)) {
    const still = async ({ below, between }) =>
      ({ below: await bitmap(buffers[below]), between: await pictures(between, buffers) });
    scenes[id] = { ...scene, ...(await still(scene)), night: scene.night && (await still(scene.night)) };
  }
  host.replaceChildren(); // the still picture that stood here
  const page = build({ get: (key) => about[key] }, host);
  const { signal } = new AbortController();
  const held = pressing(signal), words = speaker(page, held);
  const controls = about.controls.map((control) => plainControl(control, page, show));
  const points = about.points.map((point) => makePoint(point, page.sheet));
  page.stage.dataset.theme = about.theme;
  page.stage.dataset.words = about.words; // how many pixels the smallest are high at full width
  let frame = null, scene = null, ground = null, turn = null, drawn = null, newest = 0, lighted = null, hint = null;
  const light = (name) => {
    if (name === lighted) return;
    lighted = name;
    if (scene) paint(page.canvas, scene, frame, lighted);
  };
  controls.forEach(({ row }, i) => {
    const { name, key } = about.controls[i];
    if (key) lit(row, name, key, light, signal);
  });

  function themed() {
    ground = darkGround(page.root);
    page.root.dataset.night = Boolean(ground);
    turn = ground && toner(ground);
    inTheme();
  }
  themed();
  const grips = about.grips.map((grip) => makeGrip(grip, page.sheet));
  const controlOf = ({ name }) => controls[about.controls.findIndex((control) => control.name === name)];
  const settle = () => {
    if (!scene) return;
    for (const grip of grips) grip.value = [grip.at[controlOf(grip).get("value")]];
    for (const point of [...points, ...grips]) {
      point.track = frame?.tracks?.[point.name] ?? point.way;
      place(point, scene, page.sheet);
    }
    hint?.settle();
  };
  new ResizeObserver(settle).observe(page.stage);
  // A point with one place is a mark: nobody is led to it who could not move it.
  const movables = points.filter(({ places }) => places.some((each) => each.length > 1));
  for (const { handle } of points.filter((point) => !movables.includes(point))) {
    handle.classList.add("course-fixed");
    handle.removeAttribute("tabindex");
    handle.setAttribute("aria-hidden", "true");
  }
  hint = hinted([...movables, ...grips], page, () => scene);
  const dragged = () => [hint.used(), show()];
  for (const point of movables) movable(point, page, () => scene, dragged, signal);
  for (const grip of grips)
    movable(grip, page, () => scene, () => [hint.used(), controlOf(grip).set("value", nearest(grip.at, grip.value[0]))], signal);
  if (movables.length) clickable(movables, page, () => scene, dragged, signal);

  // On a dark page its own still pictures, and the colors of what moves toned as Python tones them.
  function inTheme() {
    if (!drawn) return;
    const still = scenes[drawn.on], dark = Boolean(ground && still.night);
    page.stage.dataset.dark = dark;
    [frame, scene] = dark ? [turn(drawn), { ...still, ...still.night }] : [drawn, still];
  }

  async function show() {
    let at = controls.reduce((at, control) => at * control.count + control.get("value"), 0);
    for (const point of points)
      point.places.forEach((places, i) => {
        point.value[i] = places[nearest(places, point.value[i])];
        at = at * places.length + places.indexOf(point.value[i]);
      });
    const mine = ++newest;
    const next = await unpack(about.frames[at], buffers, floats);
    if (mine !== newest) return;
    words.say(next.standing, next.failed, next.printed, next.keys);
    if (next.layers) drawn = next;
    inTheme();
    controls.forEach(({ row }, i) => dim(row, next.idle?.[about.controls[i].name]));
    if (scene) paint(page.canvas, scene, frame, lighted);
    settle();
  }
  const players = controls.filter((_, i) => about.controls[i].play).map((control) => {
    const made = player(page, control, signal);
    control.row.classList.add("course-plays");
    control.row.append(made.bar);
    return made;
  });
  if (controls.length) page.controls.append(page.reset);
  page.reset.addEventListener("click", () => {
    for (const { reset } of players) reset();
    for (const point of points) point.value = [...point.first];
    controls.forEach((control, i) => control.set("value", about.controls[i].first));
    show();
  });
  onTheme(() => {
    themed();
    if (scene) paint(page.canvas, scene, frame, lighted);
  }, signal);
  showValues(page, () => scene, () => frame, signal, light);
  await show();
  page.root.dataset.live = "true";
}

// A slider, list or box of plain HTML that is asked and set as a widget's model is.
function plainControl({ label, kind, words, first, unit }, page, moved) {
  const short = kind === "select" && isShort(words);
  const row = document.createElement(short ? "div" : "label");
  row.className = "course-plain";
  row.append(Object.assign(document.createElement("span"), { textContent: label }));
  const choices = short && segments(words, label, (at) => set("value", at));
  row.classList.toggle("course-wide", short && isWide(words));
  const input = document.createElement(kind === "select" ? "select" : "input");
  input.setAttribute("aria-label", label);
  const readout = document.createElement("output");
  if (kind === "select") input.append(...words.map((word, i) => new Option(word, i)));
  else if (kind === "toggle") input.type = "checkbox";
  else Object.assign(input, { type: "range", min: 0, max: words.length - 1, step: 1 });
  row.append(choices ? choices.row : input, readout);
  page.controls.append(row);
  const attributes = { min: 0, max: words.length - 1, step: 1, description: label, value: first };
  const set = (_, value) => {
    attributes.value = value;
    if (choices) choices.set(value);
    else if (kind === "toggle") input.checked = Boolean(value);
    else input.value = value;
    if (kind === "slider") {
      readout.textContent = [written(words[value]), unit].filter(Boolean).join("\u202f");
      input.setAttribute("aria-valuetext", readout.textContent);
    }
    moved();
  };
  input.addEventListener("input", () => set("value", kind === "toggle" ? Number(input.checked) : Number(input.value)));
  queueMicrotask(() => set("value", first));
  return { row, attributes, count: words.length, get: (key) => attributes[key], set, save_changes() {} };
}

// Whether a page has so little room for a picture that its words would get small: then it is drawn for a phone.
const isNarrow = (host) => host.clientWidth < 0.8 * host.querySelector("img").getAttribute("width");

// Brings the first place of this name to life that no script has taken yet, with the frames for its width:
// those of the full picture, or those for a phone, where there are any. Where frames cannot be read, the
// picture stays, with a word and a button that tries again.
export async function begin(name, texts) {
  const host = [...document.querySelectorAll(`[data-course-explorer="${name}"]`)].find((el) => !el.dataset.taken);
  if (!host) return;
  host.dataset.taken = "true";
  const still = [...host.childNodes];
  try {
    await replay(host, (isNarrow(host) && texts[1]) || texts[0]);
  } catch (error) {
    const word = Object.assign(document.createElement("p"),
      { textContent: `The controls of this picture could not be loaded (${error.message}). ` });
    const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again" });
    again.addEventListener("click", () => {
      delete host.dataset.taken;
      host.replaceChildren(...still);
      begin(name, texts);
    });
    word.setAttribute("role", "alert");
    word.append(again);
    host.replaceChildren(...still, word);
  }
}
