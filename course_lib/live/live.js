// The picture of an explorer: draws frames on a canvas, and asks the kernel for the next one.
//
// What stays still comes as images, once. What moves comes as vertices in pixels, in every frame.
// The sliders are ordinary widgets; their models are listened to here. Requests have ids, several
// may be under way, the newest wins, and what comes late is dropped. While nothing else is to do,
// frames for the places a slider may go next are asked for and kept: those are shown at once.

const STYLE = `
.course-explorer { max-width: 100%; margin: 4px 0 8px; }
.course-stage { position: relative; max-width: 100%; background: #fff; border-radius: 3px; }
.course-stage canvas { display: block; width: 100%; height: 100%; }
/* Colors keep their hue and change dark for light; the words on a picture must not speak of either. */
body[data-jp-theme-light="false"] .course-stage, body.vscode-dark .course-stage { background: #141414; }
body[data-jp-theme-light="false"] .course-stage canvas, body.vscode-dark .course-stage canvas {
  filter: invert(0.92) hue-rotate(180deg); }
body[data-jp-theme-light="false"] .course-flat::before, body.vscode-dark .course-flat::before {
  border-color: #eee; }
.course-handle { position: absolute; width: 18px; height: 18px; margin: -9px 0 0 -9px;
  box-sizing: border-box; border: 3px solid #1a1a1a; border-radius: 50%;
  background: rgba(255, 255, 255, 0.55); box-shadow: 0 0 0 1.5px #fff; cursor: grab;
  touch-action: none; outline: none; }
.course-handle::after { content: ""; position: absolute; inset: -12px; border-radius: 50%; }
.course-flat::before { content: ""; position: absolute; left: 5px; bottom: 15px;
  height: var(--course-tall); border-left: 1.5px dashed #1a1a1a; opacity: 0.55; pointer-events: none; }
.course-fixed { pointer-events: none; }
.course-handle:focus-visible { box-shadow: 0 0 0 2px #fff, 0 0 0 5px #0072B2; }
.course-handle.course-grabbed { cursor: grabbing; background: rgba(255, 255, 255, 0.15); }
.course-foot { display: flex; gap: 12px; align-items: baseline; max-width: 100%;
  font-family: var(--jp-ui-font-family, sans-serif); }
.course-standing { flex: 1; margin: 4px 0; min-height: 2.6em; line-height: 1.3;
  font-family: var(--jp-ui-font-family, sans-serif); font-size: 14px; font-variant-numeric: tabular-nums;
  color: var(--jp-ui-font-color1, inherit); }
.course-failed { border-left: 4px solid #D55E00; padding-left: 8px; }
.course-plain { display: grid; grid-template-columns: 9em minmax(8em, 20em) 5em; gap: 10px;
  align-items: center; margin: 4px 0; font: 14px sans-serif; }
.course-plain span { text-align: right; }
.course-plain input[type="checkbox"], .course-plain select { justify-self: start; }
.course-play { display: flex; gap: 4px; align-items: center; margin: 4px 0; font-size: 13px;
  font-family: var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, inherit); }
.course-explorer button, .course-play select { font: inherit; font-size: 13px; padding: 3px 10px; cursor: pointer;
  color: var(--jp-ui-font-color1, #222); background: var(--jp-layout-color2, #eee);
  border: 1px solid var(--jp-border-color1, #bbb); border-radius: 3px; }
.course-play button { min-width: 2.6em; }
.course-explorer button:focus-visible, .course-play select:focus-visible { outline: 3px solid #0072B2; outline-offset: 1px; }
`;

const SLOW = 100; // milliseconds: no frame that takes longer is computed unasked
const UNPACKS = typeof DecompressionStream !== "undefined";
const GONE = "Python was restarted or has stopped. Run this cell again to bring the explorer back.";
const LATE = "Python has not answered for 10 seconds. It is busy with another cell, or was restarted: " +
  "then run this cell again.";

async function render({ model, el }) {
  const names = model.get("names");
  const sliders = await Promise.all(
    model.get("controls").map((id) => model.widget_manager.get_model(id.replace("IPY_MODEL_", "")))
  );
  const page = build(model, el);
  const points = model.get("points").map((about) => makePoint(about, page.stage));
  // A drop-down's choice is told by its place in the list, everything else by its value.
  const keys = sliders.map((slider) => (slider.get("index") === undefined ? "value" : "index"));
  const first = sliders.map((slider, i) => slider.get(keys[i]));
  const rulers = sliders.map(ruler);
  const view = Math.random().toString(36).slice(2);

  // ---------------------------------------------------------------- asking the kernel
  const sent = new Map(); // id -> when it was sent, and for which place
  let id = 0, answered = 0;
  let waiting = false, asked = ""; // is a request held back; the values last asked for
  let quickest = 0, took = 5; // milliseconds: a round trip, the kernel's work
  let quiet = 0, overdue = 0;

  function values() {
    const all = {};
    names.forEach((name, i) => (all[name] = sliders[i].get(keys[i])));
    for (const point of points) all[point.name] = point.value;
    return all;
  }

  // Where a control stands, a slider by its notch; and what a frame is kept under: where all stand.
  function spot(name, value) {
    const ruler = rulers[names.indexOf(name)];
    return String(ruler ? ruler.notch(value) : value);
  }
  function place_of(all) {
    return JSON.stringify(Object.keys(all).map((name) => spot(name, all[name])));
  }

  function ask(screen) {
    const now = performance.now();
    const message = { view, values: values() };
    const text = JSON.stringify(message.values);
    if (!screen && text === asked) return;
    // As many requests as the kernel answers in one round trip keep it busy; more would queue up.
    const most = 1 + Math.ceil(quickest / Math.max(16, took));
    for (const [key, { when }] of sent) if (now - when > 5000) sent.delete(key);
    if (!screen && sent.size >= most) {
      waiting = true;
      return;
    }
    waiting = false;
    asked = text;
    message.id = ++id;
    if (screen) message.screen = screen;
    sent.set(id, { when: now, place: place_of(message.values) });
    page.standing.setAttribute("aria-busy", "true");
    model.send(message);
    clearTimeout(overdue);
    overdue = setTimeout(() => sent.size && say(LATE, true), 10000);
  }

  // Several controls that change at once make one request, and no more than one for each frame.
  let due = false, behind = 0, last = values();
  function changed() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      name(sliders);
      const now = values();
      // A logarithmic slider rounds its value as the page shows it: nobody has moved it.
      const moved = Object.keys(now).filter((key) => spot(key, now[key]) !== spot(key, last[key]));
      last = now;
      if (!moved.length) return;
      const found = kept.get(place_of(now));
      clearTimeout(behind);
      if (found && scene && found.on === scene.id) {
        // Nothing that was asked for earlier may take its place. The kernel hears of it at rest.
        passed = id;
        waiting = false;
        show(found, draw);
        behind = setTimeout(catch_up, 150);
      } else {
        ask();
      }
      const slider = names.indexOf(moved[0]);
      if (moved.length === 1 && rulers[slider]) {
        if (likely !== slider) tried = 0;
        likely = slider;
        warm();
      } else if (moved.length) {
        tried = 0;
        warm(250);
      }
    });
  }

  let pressed = false;
  function catch_up() {
    if (pressed) behind = setTimeout(catch_up, 150);
    else ask();
  }

  // ---------------------------------------------------------------- sweeps
  const kept = shelf(24e6);
  const swept = new Map(); // id of a request -> the places it is for
  const under_way = new Set(), barred = new Set();
  let likely = rulers.findIndex(Boolean), tried = 0; // the slider that moves next
  let wide = 2; // slices under way at once
  let cost = 10, visible = false, soon = 0; // milliseconds for one frame of a sweep

  function warm(pause = 0) {
    clearTimeout(soon);
    if (pause) soon = setTimeout(warm, pause);
    if (pause || likely < 0 || !visible || !scene?.id || cost > SLOW) return;
    const now = performance.now();
    for (const [key, { when, places }] of swept)
      if (now - when > 15000) {
        swept.delete(key);
        places.forEach((place) => under_way.delete(place));
      }
    // Slices of about 20 ms, and as many of them as the way to the kernel and back holds.
    const many = Math.min(Math.max(Math.floor(20 / cost), 1), 40);
    const most = Math.floor(wide);
    const all = values();
    while (swept.size < most && tried < 3) {
      const at = [], places = [];
      for (const value of rulers[likely].around(all[names[likely]])) {
        const place = place_of({ ...all, [names[likely]]: value });
        if (kept.get(place)?.on === scene.id || under_way.has(place) || barred.has(place)) continue;
        at.push(value);
        places.push(place);
        if (at.length === many) break;
      }
      page.root.dataset.warm = String(!at.length && !swept.size);
      if (!at.length) return;
      places.forEach((place) => under_way.add(place));
      swept.set(++id, { when: now, places });
      // Unpacking takes a while, too: on this very computer longer than the bytes it saves.
      const unpacks = UNPACKS && (!quickest || quickest > 30);
      model.send({ view, id, sweep: names[likely], at, values: all, unpacks });
    }
  }

  async function gather(content, buffers) {
    const request = swept.get(content.sweep);
    if (!request) return;
    swept.delete(content.sweep);
    // Answers that come later than the way takes stand in a queue, and single frames behind them.
    const way = performance.now() - request.when;
    quickest = quickest ? Math.min(quickest, way - content.took) : way - content.took;
    const late = way > 1.3 * quickest + 60;
    wide = Math.max(late ? wide / 2 : Math.min(wide + 0.5, 1 + quickest / 20, 10), 1);
    if (content.packed) [content.frames, buffers] = await unzipped(content.packed, buffers[0]);
    // One frame that the machine held up must not end the sweeps, only several that are slow.
    const each = content.took / content.frames.length;
    if (content.frames.length) cost = 0.7 * cost + 0.3 * Math.min(each, 4 * cost);
    for (const [i, answer] of content.frames.entries()) {
      if (answer) {
        keep(request.places[i], await unpack(answer, buffers));
      } else {
        barred.add(request.places[i]);
        tried += 1;
      }
    }
    request.places.forEach((place) => under_way.delete(place));
    warm();
  }

  function keep(place, frame) {
    if (frame.on === undefined) frame.on = scene?.id; // nothing to draw: the values fail
    kept.put(place, frame);
  }

  // ---------------------------------------------------------------- drawing what it answers
  let scene = null, frame = null, dirty = false;
  let passed = 0; // answers up to this one are for a place that the reader has left
  let queue = Promise.resolve();

  function received(content, buffers) {
    const mine = content.view === view;
    if (content.sweep !== undefined) {
      if (mine) gather(content, buffers).catch(console.error);
      return;
    }
    let place = null;
    if (mine && content.id !== undefined) {
      const request = sent.get(content.id);
      if (request) {
        place = request.place;
        // An answer that brings the whole still picture tells nothing about the ones that follow.
        if (!content.scene) {
          const way = performance.now() - request.when;
          quickest = quickest ? Math.min(quickest * 1.02 + 0.5, way) : way;
          took = 0.8 * took + 0.2 * (content.took || 0);
          // Sweeps end where frames are slow. One that is quick again says that they may go on.
          if (cost > SLOW && content.took) cost = content.took;
        }
      }
      for (const key of sent.keys()) if (key <= content.id) sent.delete(key);
      answered = Math.max(answered, content.id);
      clearTimeout(overdue);
      if (waiting) ask();
    }
    // What is set from Python may change what the same values show.
    if (content.view === undefined) kept.clear();
    // Images are decoded aside; the queue keeps what they belong to in order.
    queue = queue.then(() => take(content, buffers, mine, place)).catch(console.error);
  }

  async function take(content, buffers, mine, place) {
    if (content.scene) {
      const below = await bitmap(buffers[content.scene.below]);
      const above = content.scene.above
        ? { at: content.scene.above.at, picture: await bitmap(buffers[content.scene.above.image]) }
        : null;
      scene = { ...content.scene, id: content.on, below, above };
      page.root.dataset.live = "true";
      page.root.dataset.warm = "false"; // frames on another still part are of no use now
      name(sliders);
    }
    const next = await unpack(content, buffers);
    if (place) keep(place, next);
    for (const point of points)
      if (content.values && content.values[point.name] && !point.held) {
        point.value = content.values[point.name];
        asked = JSON.stringify(values());
      }
    const left = mine && content.id <= passed && place !== place_of(values());
    if (!(mine && content.id < answered) && !left) show(next);
    else if (content.scene) redraw();
    warm(content.scene ? 100 : 0);
  }

  function show(next, then = redraw) {
    if (next.layers) frame = next;
    say(next.standing, next.failed);
    then();
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
    paint(page.canvas, scene, frame);
    page.canvas.dataset.frames = Number(page.canvas.dataset.frames || 0) + 1;
    for (const point of points) place(point, scene, page.stage);
  }

  let gone = false; // is the kernel that drew this no longer there
  function say(text, failed) {
    // A frame that was still under way must not take the place of these words.
    if (gone) [text, failed] = [GONE, true];
    if (page.standing.textContent !== text) page.standing.textContent = text;
    page.standing.classList.toggle("course-failed", Boolean(failed));
    // Screen readers wait until it stops changing.
    clearTimeout(quiet);
    quiet = setTimeout(() => page.standing.setAttribute("aria-busy", "false"), 400);
  }

  // ---------------------------------------------------------------- wiring
  const leave = new AbortController();
  sliders.forEach((slider, i) => slider.on(`change:${keys[i]}`, changed));
  model.on("msg:custom", received);
  // Jupyter takes arrows, Enter and letters as commands before any widget sees them. Window listeners
  // come first of all: there the part that has the focus is marked as not to be disturbed.
  window.addEventListener("keydown", (event) => {
    const ours = page.root.closest(".jupyter-widgets.widget-vbox") || page.root;
    if (!ours.contains(event.target)) return;
    const command = event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape" ||
      (event.shiftKey && event.key === "Enter");
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !command);
  }, { capture: true, signal: leave.signal });
  for (const point of points) movable(point, points, page, () => scene, () => { draw(); changed(); }, leave);
  clickable(points, page, () => scene, () => { draw(); changed(); }, leave);
  page.reset.addEventListener("click", () => {
    sliders.forEach((slider, i) => {
      if (slider.get(keys[i]) === first[i]) return;
      slider.set(keys[i], first[i]);
      slider.save_changes();
    });
    for (const point of points) point.value = [...point.first];
    draw();
    changed();
  }, { signal: leave.signal });

  const stops = model.get("plays").map((name) => {
    const slider = sliders[names.indexOf(name)];
    return player(page, slider, leave.signal);
  });

  // Every widget knows whether its kernel is there; the layout is one that is always at hand.
  const pulse = model.get("layout");
  const alive = () => {
    gone ||= pulse.comm_live === false;
    if (gone) say(GONE, true);
  };
  pulse?.on?.("comm_live_update", alive);

  // The picture of the saved output stands until the kernel has drawn one for this screen.
  const still = model.get("still");
  if (still && still.byteLength) {
    queue = queue.then(async () => {
      const below = await bitmap(still);
      if (!scene) scene = { below, above: null, size: [below.width, below.height], axes: [] };
      draw();
    }).catch(console.error);
  }
  say(model.get("standing"), false);

  let scale = 0;
  function fit() {
    const wide = page.stage.clientWidth;
    if (!wide) return;
    const next = (wide / model.get("size")[0]) * (window.devicePixelRatio || 1);
    if (Math.abs(next - scale) < 0.005) return;
    scale = next;
    ask({ scale });
  }
  // Hands on a slider say that it moves next.
  const reach = (event) => {
    const at = sliders.findIndex((slider) =>
      [...shown(slider)].some((el) => el.contains(event.target)));
    if (at < 0 || !rulers[at] || at === likely) return;
    [likely, tried] = [at, 0];
    warm();
  };
  for (const kind of ["pointerover", "focusin"])
    document.addEventListener(kind, reach, { signal: leave.signal, passive: true });
  for (const kind of ["pointerdown", "pointerup", "pointercancel"])
    document.addEventListener(kind, () => { pressed = kind === "pointerdown"; },
      { signal: leave.signal, passive: true, capture: true });
  sliders.forEach(tell_at_rest);
  const sight = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    warm(100);
  });
  sight.observe(page.stage);
  let settled = 0;
  const watch = new ResizeObserver(() => {
    draw();
    clearTimeout(settled);
    settled = setTimeout(fit, scale ? 150 : 0);
  });
  watch.observe(page.stage);

  return () => {
    stops.forEach((stop) => stop());
    leave.abort();
    watch.disconnect();
    sight.disconnect();
    for (const timer of [settled, quiet, overdue, behind, soon]) clearTimeout(timer);
    pulse?.off?.("comm_live_update", alive);
    model.off("msg:custom", received);
    sliders.forEach((slider, i) => slider.off(`change:${keys[i]}`, changed));
  };
}

// A widget tells the kernel of each change, and three messages come back. What is to be drawn is asked
// for apart from that. So while a handle is held, the kernel hears where it is when it rests there.
function tell_at_rest(slider) {
  if (Object.hasOwn(slider, "save_changes")) return; // another explorer has the same slider
  const tell = slider.save_changes;
  let rest = 0;
  slider.save_changes = function (...about) {
    clearTimeout(rest);
    if (!document.querySelector(".noUi-active")) return tell.apply(slider, about);
    // The kernel repeats what it hears. Of an earlier place that must not bring the handle back there:
    // repetitions are passed over, as by the widget itself, unless they answer the last thing said.
    slider._expectedEchoMsgIds?.set("value", "nothing said yet");
    rest = setTimeout(() => tell.apply(slider, about), 150);
  };
}

// The notches of a slider: where it can stand, and which of them is next.
function ruler(slider) {
  const kind = slider.get("_model_name");
  if (!["FloatSliderModel", "FloatLogSliderModel", "IntSliderModel"].includes(kind)) return null;
  const base = kind === "FloatLogSliderModel" && slider.get("base");
  const at = (value) => ((base ? Math.log(value) / Math.log(base) : value) - slider.get("min")) / slider.get("step");
  const value = (notch) => {
    const plain = Number((slider.get("min") + notch * slider.get("step")).toPrecision(13));
    return base ? Math.pow(base, plain) : plain;
  };
  // A value between two notches is a place of its own.
  const notch = (value) => (Math.abs(at(value) - Math.round(at(value))) < 1e-3 ? Math.round(at(value)) : `${value}`);
  function* around(value_now) {
    const last = Math.floor((slider.get("max") - slider.get("min")) / slider.get("step") + 1e-6);
    const here = Math.round(at(value_now));
    for (let far = 0; far <= Math.min(last, 300); far++)
      for (const next of far ? [here + far, here - far] : [here])
        if (next >= 0 && next <= last) yield value(next);
  }
  return { notch, around };
}

// Buttons that run through a whole-number slider and step through it. It only ever starts by hand.
// The slider is moved here in the page; Python hears where it stopped.
function player(page, slider, signal) {
  const called = slider.get("description");
  const bar = document.createElement("div");
  bar.className = "course-play";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Play ${called}`);
  bar.innerHTML = `<button type="button" aria-label="Step back">◀</button>
    <button type="button" class="course-run">Play</button>
    <button type="button" aria-label="Step forward">▶</button>
    <label>speed <select><option value="0.25">¼</option><option value="0.5">½</option>
    <option value="1" selected>1</option><option value="2">2</option><option value="4">4</option></select></label>
    <span></span>`;
  bar.lastElementChild.textContent = called;
  page.root.insertBefore(bar, page.root.querySelector(".course-foot"));
  const [back, run, forth] = bar.querySelectorAll("button");
  const speed = bar.querySelector("select");
  let ticking = 0, before = 0, part = 0;

  function go(notches) {
    const { min, max, step, value } = slider.attributes;
    slider.set("value", Math.min(Math.max(value + notches * step, min), max));
    return slider.get("value") < max;
  }
  function stop() {
    if (!ticking) return;
    cancelAnimationFrame(ticking);
    ticking = 0;
    run.textContent = "Play";
    slider.save_changes();
  }
  function tick(now) {
    // From one end to the other in about eight seconds.
    const { min, max, step } = slider.attributes;
    const rate = Math.min(Math.max((max - min) / step / 8, 4), 40) * Number(speed.value);
    part += (Math.min(now - before, 100) / 1000) * rate;
    before = now;
    const whole = Math.floor(part);
    part -= whole;
    if (whole && !go(whole)) return stop();
    // After the move, which is drawn in the next frame: the other way round every second one is lost.
    ticking = requestAnimationFrame(tick);
  }
  run.addEventListener("click", () => {
    if (ticking) return stop();
    if (slider.get("value") >= slider.get("max")) slider.set("value", slider.get("min"));
    [before, part] = [performance.now(), 0];
    run.textContent = "Pause";
    ticking = requestAnimationFrame(tick);
  }, { signal });
  for (const [button, way] of [[back, -1], [forth, 1]])
    button.addEventListener("click", () => {
      stop();
      go(way);
      slider.save_changes();
    }, { signal });
  return stop;
}

// Frames by place, the ones used last: past `most` bytes the oldest go.
function shelf(most) {
  const all = new Map();
  let held = 0;
  const drop = (key) => {
    held -= all.get(key)?.bytes ?? 0;
    all.delete(key);
  };
  return {
    get: (key) => all.get(key),
    put(key, frame) {
      drop(key);
      all.set(key, frame);
      held += frame.bytes;
      while (held > most) drop(all.keys().next().value);
    },
    clear() {
      all.clear();
      held = 0;
    },
  };
}

// The frames of a slice and what belongs to them, one after the other in one compressed buffer.
async function unzipped(lengths, buffer) {
  const { writable, readable } = new DecompressionStream("deflate");
  const writer = writable.getWriter();
  writer.write(buffer).then(() => writer.close()).catch(() => {}); // reading says what is wrong
  const all = await new Response(readable).arrayBuffer();
  let at = 0;
  const [text, ...parts] = lengths.map((length) => new DataView(all.slice(at, (at += length))));
  return [JSON.parse(new TextDecoder().decode(text)), parts];
}

// The vertices of a message, which come as floats but may not start where floats can.
function numbers(bytes) {
  const start = bytes.byteOffset || 0;
  return new Float32Array((bytes.buffer || bytes).slice(start, start + bytes.byteLength));
}

// A frame as it is drawn, from the message that brought it.
async function unpack(content, buffers, read = numbers) {
  const { standing, failed, on, draw: layers } = content;
  const frame = { standing, failed, on, bytes: 500 };
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

function* shown(slider) {
  for (const el of document.querySelectorAll(`[data-course-slider="${slider.model_id}"]`)) yield el;
}

function build(model, el) {
  const [width, height] = model.get("size");
  const root = document.createElement("div");
  root.className = "course-explorer";
  root.innerHTML = `<style>${STYLE}</style>
    <div class="course-stage"><canvas role="img"></canvas></div>
    <div class="course-foot"><p class="course-standing" role="status" aria-live="polite"></p>
    <button class="course-reset" type="button" title="Put every control back to its first value">Reset</button></div>`;
  el.appendChild(root);
  const stage = root.querySelector(".course-stage");
  stage.style.width = `${width}px`;
  stage.style.aspectRatio = `${width} / ${height}`;
  root.querySelector(".course-foot").style.width = `${width}px`;
  const canvas = root.querySelector("canvas");
  canvas.setAttribute("aria-label", model.get("alt"));
  return {
    root, stage, canvas,
    standing: root.querySelector(".course-standing"),
    reset: root.querySelector(".course-reset"),
  };
}

// ipywidgets leaves the part of a slider that takes the focus without a name, and lets it tell the
// exponent where a logarithmic slider shows the number.
function name(sliders) {
  for (const slider of sliders)
    for (const view of Object.values(slider.views || {}))
      view.then(({ el }) => {
        el.dataset.courseSlider = slider.model_id;
        const handle = el.querySelector(".noUi-handle");
        if (!handle) return;
        handle.setAttribute("aria-label", slider.get("description"));
        handle.setAttribute("aria-valuetext", el.querySelector(".widget-readout").textContent);
      });
}

async function bitmap(bytes) {
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

// ------------------------------------------------------------------ drawing

function paint(canvas, scene, frame) {
  const [width, height] = scene.size;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  pen.drawImage(scene.below, 0, 0);
  for (const layer of frame ? frame.layers : []) {
    pen.save();
    if (layer.clip) {
      pen.beginPath();
      pen.rect(...layer.clip);
      pen.clip();
    }
    LAYERS[layer.kind](pen, layer, frame.vertices);
    pen.restore();
  }
  if (scene.above) pen.drawImage(scene.above.picture, ...scene.above.at);
}

const LAYERS = {
  image(pen, layer) {
    pen.drawImage(layer.picture, ...layer.at);
  },
  line(pen, layer, vertices) {
    pen.lineCap = layer.cap === "projecting" ? "square" : layer.cap;
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
    pen.lineJoin = "miter";
    pen.lineWidth = layer.width;
    if (layer.edge) pen.strokeStyle = layer.edge;
    if (layer.face) pen.fillStyle = layer.face;
    const shapes = new Map(); // one shape for each size
    for (let i = 0; i < at.length / 2; i++) {
      const x = at[2 * i], y = at[2 * i + 1];
      if (!(Math.abs(x) < 1e5 && Math.abs(y) < 1e5)) continue;
      const size = sizes ? sizes[i % sizes.length] : 1;
      if (!shapes.has(size)) shapes.set(size, outline(vertices, layer.outline, size));
      const shape = shapes.get(size);
      if (faces) {
        const f = 4 * (i % (faces.length / 4));
        pen.fillStyle = `rgba(${faces[f]},${faces[f + 1]},${faces[f + 2]},${faces[f + 3]})`;
      }
      pen.translate(x, y);
      if (layer.face || faces) pen.fill(shape);
      if (layer.edge && layer.width) pen.stroke(shape);
      pen.translate(-x, -y);
    }
  },
};

function part(vertices, [start, count]) {
  return vertices.subarray(start, start + count);
}

// A path through the vertices. A vertex that is no number ends one part; a part that comes back to
// where it began is closed.
function outline(vertices, range, size = 1) {
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
  pen.lineWidth = layer.width;
  pen.lineJoin = layer.kind === "line" ? "round" : "miter";
  pen.setLineDash(layer.dash);
  pen.stroke(shape);
}

// ------------------------------------------------------------------ points on the plot

function makePoint(about, stage) {
  const handle = document.createElement("div");
  handle.className = about.value.length === 1 ? "course-handle course-flat" : "course-handle";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-roledescription", "movable point");
  handle.setAttribute("aria-label", `${about.label}, move it with the arrow keys`);
  handle.hidden = true;
  stage.appendChild(handle);
  return { ...about, first: [...about.value], handle, held: false };
}

function fraction(value, [low, high, log]) {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

function unfraction(part, [low, high, log]) {
  return log ? low * Math.pow(high / low, part) : low + part * (high - low);
}

function place(point, scene, stage) {
  const axes = scene.axes[point.axes];
  point.handle.hidden = !axes;
  if (!axes) return;
  const shrink = stage.clientWidth / scene.size[0];
  const [left, top, width, height] = axes.box;
  const [x, y] = point.value;
  point.handle.style.left = `${(left + fraction(x, axes.x) * width) * shrink}px`;
  // A point with one coordinate slides along the bottom of its axes, under a plumb line.
  const up = y === undefined ? 0 : fraction(y, axes.y);
  const lift = y === undefined ? 12 : 0;
  point.handle.style.top = `${(top + (1 - up) * height) * shrink - lift}px`;
  point.handle.style.setProperty("--course-tall", `${height * shrink - 22}px`);
  const words = point.value.map((v) => Number(v.toPrecision(3)));
  point.handle.setAttribute("aria-valuemin", point.bounds[0][0]);
  point.handle.setAttribute("aria-valuemax", point.bounds[0][1]);
  point.handle.setAttribute("aria-valuenow", words[0]);
  point.handle.setAttribute("aria-valuetext", words.join(", "));
}

// The coordinates under the pointer, kept inside the point's bounds.
function under(event, point, scene, stage) {
  const axes = scene.axes[point.axes];
  const edge = stage.getBoundingClientRect();
  const grow = scene.size[0] / edge.width;
  const [left, top, width, height] = axes.box;
  const across = ((event.clientX - edge.left) * grow - left) / width;
  const up = 1 - ((event.clientY - edge.top) * grow - top) / height;
  return clamp(point, [unfraction(across, axes.x), unfraction(up, axes.y)]);
}

function clamp(point, xy) {
  return point.bounds.map(([low, high], i) => Math.min(Math.max(xy[i], low), high));
}

function grab(event, point, page, scene, moved, signal) {
  point.held = true;
  point.handle.classList.add("course-grabbed");
  point.handle.setPointerCapture(event.pointerId);
  point.handle.focus({ preventScroll: true });
  event.preventDefault();
}

function movable(point, points, page, scene, moved, leave) {
  const options = { signal: leave.signal };
  const { handle } = point;
  handle.addEventListener("pointerdown", (event) => grab(event, point), options);
  handle.addEventListener("pointermove", (event) => {
    if (!point.held || !scene()) return;
    point.value = under(event, point, scene(), page.stage);
    moved();
  }, options);
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    handle.addEventListener(end, () => {
      point.held = false;
      handle.classList.remove("course-grabbed");
    }, options);
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    // A point with one coordinate takes up and down, too.
    const go = point.bounds.length === 1 ? [step[0] + step[1]] : step;
    const share = event.shiftKey ? 0.1 : 0.01;
    point.value = clamp(point, point.value.map((v, i) => point.places
      ? beside(point.places[i], v, go[i] * (event.shiftKey ? 4 : 1))
      : v + go[i] * share * (point.bounds[i][1] - point.bounds[i][0])));
    moved();
  }, options);
}

// With no kernel a point has places on a grid: the number of the nearest, and the one some steps on.
function nearest(places, value) {
  return places.reduce((best, place, i) =>
    Math.abs(place - value) < Math.abs(places[best] - value) ? i : best, 0);
}

function beside(places, value, steps) {
  return places[Math.min(Math.max(nearest(places, value) + steps, 0), places.length - 1)];
}

// A press anywhere on the axes brings their nearest point there.
function clickable(points, page, scene, moved, leave) {
  let finger = false;
  page.canvas.addEventListener("pointerdown", (event) => {
    finger = event.pointerType === "touch";
    if (!finger) bring(event);
  }, { signal: leave.signal });
  // A finger may only want to move the page: it brings the point when it taps.
  page.canvas.addEventListener("click", (event) => finger && bring(event), { signal: leave.signal });

  function bring(event) {
    if (!scene() || event.button) return;
    const edge = page.stage.getBoundingClientRect();
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
    closest.value = under(event, closest, scene(), page.stage);
    if (!finger) grab(event, closest);
    moved();
  }
}

// ------------------------------------------------------------------ with no kernel

// The vertices of a frame from whole 64ths: of each the step from the one two before, in four rows of
// bytes, the lowest first. replay.py writes them so.
function floats(bytes) {
  const count = bytes.length / 4, whole = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const step = bytes[i] | (bytes[count + i] << 8) | (bytes[2 * count + i] << 16) | (bytes[3 * count + i] << 24);
    whole[i] = step + (i > 1 ? whole[i - 2] : 0);
  }
  return Float32Array.from(whole, (number) => (number === -(2 ** 31) ? NaN : number / 64));
}

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
    const above = scene.above && { at: scene.above.at, picture: await bitmap(buffers[scene.above.image]) };
    scenes[id] = { ...scene, below: await bitmap(buffers[scene.below]), above };
  }
  const page = build({ get: (key) => about[key] }, host);
  const leave = new AbortController();
  const controls = about.controls.map((control) => plainControl(control, page, show));
  const points = about.points.map((point) => makePoint(point, page.stage));
  let frame = null, scene = null, newest = 0;

  const settle = () => scene && points.forEach((point) => place(point, scene, page.stage));
  new ResizeObserver(settle).observe(page.stage);
  // A point with one place is a mark: nobody is led to it who could not move it.
  const movables = points.filter(({ places }) => places.some((each) => each.length > 1));
  for (const { handle } of points.filter((point) => !movables.includes(point))) {
    handle.classList.add("course-fixed");
    handle.removeAttribute("tabindex");
    handle.setAttribute("aria-hidden", "true");
  }
  for (const point of movables) movable(point, movables, page, () => scene, show, leave);
  if (movables.length) clickable(movables, page, () => scene, show, leave);

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
    page.standing.textContent = next.standing;
    page.standing.classList.toggle("course-failed", next.failed);
    if (next.layers) [frame, scene] = [next, scenes[next.on]];
    if (scene) paint(page.canvas, scene, frame);
    settle();
  }
  controls.forEach((control, i) => about.controls[i].play && player(page, control, leave.signal));
  page.reset.addEventListener("click", () => {
    for (const point of points) point.value = [...point.first];
    controls.forEach((control, i) => control.set("value", about.controls[i].first));
    show();
  });
  await show();
  page.root.dataset.live = "true";
}

// A slider, list or box of plain HTML that is asked and set as a widget's model is.
function plainControl({ label, kind, words, first, play }, page, moved) {
  const row = document.createElement("label");
  row.className = "course-plain";
  row.append(Object.assign(document.createElement("span"), { textContent: label }));
  const input = document.createElement(kind === "select" ? "select" : "input");
  const readout = document.createElement("output");
  if (kind === "select") input.append(...words.map((word, i) => new Option(word, i)));
  else if (kind === "toggle") input.type = "checkbox";
  else Object.assign(input, { type: "range", min: 0, max: words.length - 1, step: 1 });
  row.append(input, readout);
  page.root.insertBefore(row, page.stage);
  const attributes = { min: 0, max: words.length - 1, step: 1, description: label, value: first };
  const set = (_, value) => {
    attributes.value = value;
    if (kind === "toggle") input.checked = Boolean(value);
    else input.value = value;
    if (kind === "slider") {
      readout.textContent = words[value];
      input.setAttribute("aria-valuetext", words[value]);
    }
    moved();
  };
  input.addEventListener("input", () => set("value", kind === "toggle" ? Number(input.checked) : Number(input.value)));
  queueMicrotask(() => set("value", first));
  return { attributes, count: words.length, get: (key) => attributes[key], set, save_changes() {} };
}

export default { render };
