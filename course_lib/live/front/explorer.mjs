// An explorer in a notebook: wires its sliders, points and picture to the kernel.
//
// What stays still comes as images, once. What moves comes as vertices in pixels, in every frame.
// The sliders are ordinary widgets; their models are listened to here.

import { makeBar, showValues } from "./bar.mjs";
import { arrange, share, sideBySide } from "./card.mjs";
import { face } from "./face.mjs";
import { darkGround, onTheme } from "./ground.mjs";
import { SLOW, makeLink } from "./link.mjs";
import { atPart, ruler } from "./notches.mjs";
import { build, player, pressing, speaker } from "./page.mjs";
import { bitmap, pictures, paint, unpack, unzipped } from "./painter.mjs";
import { clickable, hinted, makeGrip, makePoint, movable, place } from "./points.mjs";
import { makePrefetch } from "./prefetch.mjs";
import { shelf } from "./shelf.mjs";
import { dim, lit } from "./ties.mjs";
import { segmented } from "./segments.mjs";
import { PARTS, keyOf, name, shown, swiping, tellAtRest, typing, undisturbed, unite, valueOf } from "./widgets.mjs";

const GONE = "Python was restarted or has stopped. Run this cell again to bring the explorer back.";
const LATE = "Python has not answered for 10 seconds. It is busy with another cell, or was restarted: " +
  "then run this cell again.";
const PAUSE = 80; // milliseconds without a move after which a hand has slowed down

export async function render({ model, el }) {
  const names = model.get("names");
  const sliders = await Promise.all(
    model.get("controls").map((id) => model.widget_manager.get_model(id.replace("IPY_MODEL_", "")))
  );
  const leave = new AbortController(), { signal } = leave;
  const page = build(model, el);
  page.stage.dataset.theme = model.get("theme");
  face(model);
  const points = model.get("points").map((about) => makePoint(about, page.sheet));
  const grips = model.get("grips").map((about) => makeGrip(about, page.sheet));
  const keys = sliders.map((slider) => keyOf(slider));
  const first = sliders.map((slider, i) => slider.get(keys[i]));
  const rulers = sliders.map(ruler);
  const view = Math.random().toString(36).slice(2);
  const pressed = pressing(signal);
  const words = speaker(page, pressed);
  // Every widget knows whether its kernel is there; the layout is one that is always at hand.
  const pulse = model.get("layout");
  let gone = false;

  function values() {
    const all = {};
    names.forEach((name, i) => (all[name] = valueOf(sliders[i], keys[i])));
    for (const point of points) all[point.name] = point.value;
    return all;
  }

  // Where a control stands, a slider by its notch; and what a frame is kept under: where all stand.
  function spot(name, value) {
    const ruler = rulers[names.indexOf(name)];
    return String(ruler ? ruler.notch(value) : JSON.stringify(value));
  }
  const placeOf = (all) => JSON.stringify(Object.keys(all).map((name) => spot(name, all[name])));

  const send = (message) => gone || model.send({ view, held: Boolean(pressed()), ...message });
  const link = makeLink(send), kept = shelf(24e6);
  const ahead = makePrefetch({
    send, link, kept, rulers, names, values, placeOf,
    sceneId: () => scene?.id,
    told: (warm) => (page.root.dataset.warm = String(warm)),
    cost: model.get("cost"),
    plays: model.get("plays"),
    idle: () => asleep,
  });
  page.slow.hidden = ahead.cost <= SLOW;

  // ---------------------------------------------------------------- asking for what is to be seen
  let overdue = 0, marked = 0;
  function ask(screen) {
    const now = values();
    if (gone || !link.ask(now, placeOf(now), screen)) return;
    words.busy();
    if (!marked) marked = setTimeout(() => page.root.classList.add("course-busy"), 300);
    clearTimeout(overdue);
    overdue = setTimeout(() => link.busy() && say(LATE, true), 10000 + 3 * link.took);
  }
  function idle() {
    clearTimeout(marked);
    clearTimeout(overdue);
    marked = 0;
    page.root.classList.remove("course-busy");
  }

  // Several controls that change at once make one request, and no more than one for each frame.
  let due = false, behind = 0, late = 0, last = values();
  let awaited = null; // the place shown next, that a slice on its way brings
  let fill = null; // marks on the bars where the sliders stand
  function changed() {
    if (due || gone) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      name(sliders);
      fill?.();
      const now = values();
      // A logarithmic slider rounds its value as the page shows it: nobody has moved it.
      const moved = Object.keys(now).filter((key) => spot(key, now[key]) !== spot(key, last[key]));
      last = now;
      if (!moved.length) return;
      const slider = moved.length === 1 ? names.indexOf(moved[0]) : -1;
      if (!recalled()) {
        clearTimeout(behind);
        if (page.slow.querySelector("input").checked) behind = setTimeout(atRest, 0);
        else if (passed(slider, now)) behind = setTimeout(ask, PAUSE);
        else if (ahead.coming((awaited = placeOf(now)))) late ||= setTimeout(overtake, 60);
        else ask();
      }
      ahead.expect(slider, true);
    });
  }
  // What a slice on its way brings is waited for a while, which ends wherever a hand goes on to.
  function overtake() {
    late = 0;
    ask();
  }
  // Shows what is kept for where the controls stand. Nothing that was asked for earlier may take its
  // place, and the kernel hears of it at rest.
  function recalled() {
    const found = kept.get(placeOf(values()));
    if (!found || !scene || found.on !== scene.id) return false;
    awaited = null;
    clearTimeout(late);
    late = 0;
    link.pass();
    show(found, draw);
    clearTimeout(behind);
    behind = setTimeout(atRest, 150);
    return true;
  }
  // Where a hand passes more places than can be made, what it passed a moment ago is shown, as an answer
  // from the kernel would. The right one is asked for as soon as the hand slows down.
  function passed(slider, now) {
    const places = scene && ahead.passed(slider);
    if (!places) return false;
    for (const value of places) {
      const found = kept.get(placeOf({ ...now, [names[slider]]: value }));
      if (found?.on !== scene.id) continue;
      link.pass();
      show(found, draw);
      return true;
    }
    return link.busy(); // one request at a time
  }
  function atRest() {
    if (pressed()) behind = setTimeout(atRest, 50);
    else ask();
  }

  // Points are state of the explorer, as sliders are: every view has the same, and the kernel hears
  // of them at rest.
  let telling = 0;
  const hint = hinted([...points, ...grips], page, () => scene);
  const stand = () => Object.fromEntries(points.map(({ name, value }) => [name, [...value]]));
  function pointed() {
    hint.used();
    draw();
    clearTimeout(telling);
    telling = setTimeout(tell, 150);
    model.set("at", stand());
    changed();
  }
  function tell() {
    telling = points.some(({ held }) => held) && setTimeout(tell, 150);
    if (!telling && !gone) model.save_changes();
  }
  function placed() {
    const at = model.get("at");
    // As with sliders, what the kernel repeats until it has heard is of an earlier place.
    if (telling) {
      if (JSON.stringify(at) !== JSON.stringify(stand())) model.set("at", stand());
      return;
    }
    for (const point of points)
      if (!point.held && at[point.name]) point.value = [...at[point.name]];
    draw();
    changed();
  }
  for (const point of points) point.value = [...(model.get("at")[point.name] ?? point.value)];
  last = values();

  // ---------------------------------------------------------------- drawing what is answered
  let scene = null, frame = null, dirty = false;
  let queue = Promise.resolve();

  function received(content, buffers) {
    const mine = content.view === view;
    if (content.saved) {
      if (mine) bar.took(content.saved, buffers[0]);
      return;
    }
    if (content.sweep !== undefined) {
      if (mine) gather(content, buffers).catch(console.error);
      return;
    }
    let place = null;
    if (mine && content.id !== undefined) {
      place = link.answer(content);
      const alone = content.scene ? content.cost : content.took;
      if (alone) ahead.asked(alone);
      if (alone > SLOW) page.slow.hidden = false;
      if (!link.busy()) idle();
      if (link.waiting) ask();
    }
    // What is set from Python may change what the same values show.
    if (content.view === undefined) kept.clear();
    // Images are decoded aside; the queue keeps what they belong to in order.
    queue = queue.then(() => take(content, buffers, mine, place)).catch(console.error);
  }

  async function gather(content, buffers) {
    const request = ahead.answer(content);
    if (!request) return;
    if (content.packed) [content.frames, buffers] = await unzipped(content.packed, buffers[0]);
    for (const [i, answer] of content.frames.entries()) {
      if (!answer) continue;
      keep(request.places[i], await unpack(answer, buffers));
      if (awaited === request.places[i]) recalled();
    }
    ahead.arrived(request, content.frames, content.took, content.cost);
  }

  function keep(place, frame) {
    if (frame.on === undefined) frame.on = scene?.id; // nothing to draw: the values fail
    kept.put(place, frame);
  }

  async function take(content, buffers, mine, place) {
    if (content.scene) {
      const below = await bitmap(buffers[content.scene.below]);
      const between = await pictures(content.scene.between, buffers);
      scene = { ...content.scene, id: content.on, below, between };
      page.stage.dataset.dark = scene.dark;
      page.stage.style.aspectRatio = scene.size.join(" / ");
      page.root.dataset.live = "true";
      page.root.dataset.warm = "false"; // frames on another still part are of no use now
      name(sliders);
      laid();
    }
    const next = await unpack(content, buffers);
    if (place) keep(place, next);
    const unasked = content.id === undefined; // after a slice, for the values last asked for
    const counts = unasked ? link.stands(values()) : link.counts(content.id, place, placeOf(values()));
    if (!mine || counts) show(next);
    else if (content.scene && frame?.on === scene.id) redraw();
    else if (content.scene) ask();
    ahead.warm(content.scene ? 100 : 0);
  }

  function show(next, then = redraw) {
    if (next.layers) frame = next;
    say(next.standing, next.failed, next.printed, next.keys);
    dimmed(next.idle ?? {});
    then();
  }

  // What is drawn for the control that is pointed at is lit.
  let lighted = null;
  function light(name) {
    if (name === lighted) return;
    lighted = name;
    redraw();
  }
  const parts = (slider) => [...shown(slider)].filter((el) => page.root.closest(PARTS.around)?.contains(el));
  function tied() {
    for (const [name, unit] of Object.entries(model.get("units")))
      for (const el of parts(sliders[names.indexOf(name)])) unite(el, unit);
    for (const slider of sliders)
      if (slider.get("_model_name") === "DropdownModel") for (const el of parts(slider)) segmented(el, slider, signal);
    for (const [name, key] of Object.entries(model.get("swatches")))
      for (const el of parts(sliders[names.indexOf(name)])) lit(el, name, key, light, signal);
  }
  let asleep = {};
  function dimmed(now = asleep) {
    asleep = now;
    sliders.forEach((slider, i) => parts(slider).forEach((el) => dim(el, asleep[names[i]])));
  }

  function redraw() {
    if (dirty) return;
    dirty = true;
    requestAnimationFrame(() => {
      dirty = false;
      draw();
    });
  }

  function draw() {
    if (!scene) return;
    paint(page.canvas, scene, frame, lighted);
    page.canvas.dataset.frames = Number(page.canvas.dataset.frames || 0) + 1;
    for (const point of [...points, ...grips]) point.track = frame?.tracks?.[point.name] ?? point.way;
    for (const point of points) place(point, scene, page.sheet);
    for (const grip of grips) {
      const slider = sliders[names.indexOf(grip.name)];
      if (!grip.held) grip.value = [parseFloat(share(slider, slider.get("value"))) / 100];
      place(grip, scene, page.sheet);
    }
    hint.settle();
  }

  // A frame that was still under way must not take the place of what tells that Python is gone. That
  // stands on the picture, beside the sliders, where the reader looks.
  function say(text, failed, printed, keys) {
    if (gone && live) [text, failed, keys] = [GONE, true, []];
    words.say(text, failed, printed, keys);
  }
  // A notebook that is opened again has no kernel behind it yet: then what was saved stays as it is.
  let live = false;
  function alive() {
    live ||= pulse.comm_live !== false;
    if (gone || pulse.comm_live !== false) return;
    gone = true;
    idle();
    for (const point of [...points, ...grips]) point.handle.classList.add("course-fixed");
    page.saved.hidden = live;
    if (!live) return;
    page.notice.textContent = GONE;
    say();
  }

  // ---------------------------------------------------------------- wiring
  sliders.forEach((slider, i) => slider.on(`change:${keys[i]}`, changed));
  model.on("msg:custom", received);
  model.on("change:at", placed);
  pulse.on("comm_live_update", alive);
  undisturbed(page.root, signal);
  swiping(sliders, signal);
  typing(sliders, signal);
  for (const point of points) movable(point, page, () => scene, pointed, signal);
  for (const grip of grips) {
    const slider = sliders[names.indexOf(grip.name)];
    const moved = () => {
      hint.used();
      slider.set("value", atPart(slider, grip.value[0]));
      draw();
    };
    movable(grip, page, () => scene, moved, signal);
    for (const end of ["pointerup", "pointercancel"])
      grip.handle.addEventListener(end, () => slider.save_changes(), { signal });
  }
  clickable(points, page, () => scene, pointed, signal);
  page.reset.addEventListener("click", () => {
    for (const { reset } of players.values()) reset();
    sliders.forEach((slider, i) => {
      if (slider.get(keys[i]) === first[i]) return;
      slider.set(keys[i], first[i]);
      slider.save_changes();
    });
    for (const point of points) point.value = [...point.first];
    if (points.length) pointed();
    changed();
  }, { signal });
  const players = new Map(model.get("plays").map((name) => {
    const slider = sliders[names.indexOf(name)];
    return [slider, player(page, slider, signal)];
  }));
  const bars = new Map([...players].map(([slider, { bar }]) => [slider, bar]));
  async function laid() {
    if (fill) return;
    name(sliders); // by which they are found
    fill = await arrange(page.root, model.get("size")[0], sliders, first, bars, page.reset);
    fill?.();
    tied();
    dimmed();
  }

  // The picture of the saved output stands until the kernel has drawn one for this screen.
  // The light one waits for paper, too.
  function saved() {
    if (scene?.id) return;
    const dark = darkGround(page.root) && model.get("night")?.byteLength && model.get("theme") !== "keep";
    const still = model.get(dark ? "night" : "still");
    if (!still?.byteLength) return;
    queue = queue.then(async () => {
      if (scene?.id) return;
      const below = await bitmap(still);
      page.stage.dataset.dark = Boolean(dark);
      page.stage.style.aspectRatio = `${below.width} / ${below.height}`;
      scene = { below, between: [], size: [below.width, below.height], axes: [] };
      draw();
    }).catch(console.error);
  }
  const sheet = Object.assign(document.createElement("img"), { className: "course-paper", alt: "", hidden: true });
  page.canvas.after(sheet);
  function paper() {
    URL.revokeObjectURL(sheet.src);
    sheet.hidden = !model.get("still")?.byteLength;
    if (!sheet.hidden) sheet.src = URL.createObjectURL(new Blob([model.get("still")], { type: "image/png" }));
  }
  saved();
  paper();
  model.on("change:still", paper);
  say(model.get("standing"), false, model.get("printed"), model.get("colors"));
  alive();

  let scale = 0, width = 0, ground = null;
  function fit() {
    const wide = page.stage.clientWidth;
    if (!wide) return;
    // On a full screen the picture is larger than its author made it.
    const next = (window.devicePixelRatio || 1) * Math.max(wide / model.get("size")[0], 1) * bar.times();
    const under = darkGround(page.root), below = model.get("theme") === "keep" ? null : under;
    page.root.dataset.night = Boolean(under);
    const fits = Math.abs(next - scale) < 0.005 && wide === width;
    // Of another theme is drawn what is seen; the rest as it comes into view.
    if (fits && (String(below) === String(ground) || !ahead.visible)) return;
    [scale, width, ground] = [next, wide, below];
    ask({ scale, width, ground });
  }
  onTheme(() => [saved(), fit()], signal);
  // What is called by its place in a list is called by its name in Python.
  const states = () => Object.fromEntries(Object.entries(values()).map(([name, value]) => {
    const control = sliders[names.indexOf(name)];
    const options = control?.get("_options_labels");
    if (options) return [name, Array.isArray(value) ? value.map((at) => options[at]) : options[value] ?? value];
    return [name, !control && value.length === 1 ? value[0] : value];
  }));
  const runner = rulers.findIndex((ruler, i) => ruler && (players.has(sliders[i]) || !players.size));
  const runs = runner >= 0 && { name: names[runner], label: sliders[runner].get("description") };
  const bar = makeBar(page, { signal, states, runs, films: model.get("films"), ask: send, rested: fit });
  showValues(page, () => scene, () => frame, signal, light);
  // Hands on a slider say that it moves next.
  const within = (slider, target) => target && [...shown(slider)].some((el) => el.contains(target));
  const reach = (event) => {
    const at = sliders.findIndex((slider) => within(slider, event.target));
    if (at >= 0) ahead.expect(at);
  };
  for (const kind of ["pointerover", "focusin"])
    document.addEventListener(kind, reach, { signal, passive: true });
  for (const [i, slider] of sliders.entries())
    tellAtRest(slider, () => within(slider, pressed()) || grips.some((grip) => grip.held && grip.name === names[i]));
  const sight = new IntersectionObserver(([entry]) => {
    ahead.visible = entry.isIntersecting;
    if (ahead.visible && scale) fit();
    ahead.warm(100);
  });
  sight.observe(page.stage);
  let settled = 0;
  const watch = new ResizeObserver(() => {
    sideBySide(page.root, model.get("size")[0]);
    draw();
    laid();
    clearTimeout(settled);
    settled = setTimeout(fit, scale ? 150 : 0);
  });
  watch.observe(page.stage);
  watch.observe(page.root.closest(PARTS.around) || page.root);

  return () => {
    for (const { stop, bar } of players.values()) [stop(), bar.remove()];
    page.reset.remove();
    bar.stop();
    leave.abort();
    watch.disconnect();
    sight.disconnect();
    ahead.stop();
    words.stop();
    for (const timer of [settled, overdue, behind, late, telling, marked]) clearTimeout(timer);
    pulse.off("comm_live_update", alive);
    model.off("msg:custom", received);
    model.off("change:at", placed);
    model.off("change:still", paper);
    URL.revokeObjectURL(sheet.src);
    sliders.forEach((slider, i) => slider.off(`change:${keys[i]}`, changed));
  };
}
