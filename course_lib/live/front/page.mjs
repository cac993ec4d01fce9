// The page around the picture: its elements, its words, and the buttons that play.

import { STYLE } from "./card.mjs";
import { written } from "./numbers.mjs";

export function build(model, el) {
  const [width, height] = model.get("size");
  const root = document.createElement("div");
  root.className = "course-explorer";
  root.innerHTML = `<style>${STYLE}</style><div class="course-controls"></div>
    <div class="course-stage" role="group" aria-label="Picture"><div class="course-sheet"><canvas role="img"></canvas></div>
    <p class="course-notice" role="alert"></p></div>
    <div class="course-foot"><p class="course-standing" role="status" aria-live="polite"></p>
    <span class="course-busy-mark" aria-hidden="true"><span>computing …</span></span>
    <span class="course-saved" hidden>This picture was saved. Run the cell to move it.</span>
    <label class="course-slow" hidden><input type="checkbox"> update on release</label>
    <button class="course-reset" type="button" title="Put every control back to its first value">Reset</button></div>
    <pre class="course-printed" hidden></pre>`;
  el.appendChild(root);
  const stage = root.querySelector(".course-stage"), sheet = root.querySelector(".course-sheet");
  stage.style.width = `${width}px`;
  stage.dataset.wide = stage.style.width;
  stage.style.aspectRatio = `${width} / ${height}`;
  for (const part of [".course-foot", ".course-controls"])
    root.querySelector(part).style.width = `min(100%, ${width}px)`;
  const canvas = root.querySelector("canvas");
  canvas.setAttribute("aria-label", model.get("alt"));
  return {
    root, stage, sheet, canvas,
    standing: root.querySelector(".course-standing"),
    printed: root.querySelector(".course-printed"),
    reset: root.querySelector(".course-reset"),
    notice: root.querySelector(".course-notice"),
    saved: root.querySelector(".course-saved"),
    controls: root.querySelector(".course-controls"),
    slow: root.querySelector(".course-slow"),
  };
}

// A sentence in parts, each with its colors where it has some: [words, on light, on dark].
export function colored(said, keys) {
  const parts = [];
  let at = 0;
  for (const [start, length, light, dark] of keys) {
    parts.push([inWords(said.slice(at, start))], [written(said.slice(start, start + length)), light, dark]);
    at = start + length;
  }
  return [...parts, [inWords(said.slice(at))]].filter(([words]) => words);
}

// A number of a list, as in "1. Adam, 2. Lion", ends no line.
const inWords = (said) => written(said).replace(/([:,] \d+\.) (?=\S)/g, "$1\u00a0");

function inked([words, light, dark]) {
  if (!light) return words;
  const part = Object.assign(document.createElement("span"), { className: "course-number", textContent: words });
  part.style.setProperty("--course-light", light);
  part.style.setProperty("--course-dark", dark);
  return part;
}

// Words under the picture. Screen readers hear them when they stop changing and nothing is held.
export function speaker(page, held) {
  let quiet = 0, shown = "";
  const settle = () => {
    if (held()) quiet = setTimeout(settle, 200);
    else page.standing.setAttribute("aria-busy", "false");
  };
  return {
    busy: () => page.standing.setAttribute("aria-busy", "true"),
    say(said, failed, printed = "", keys = []) {
      clearTimeout(quiet);
      page.printed.textContent = printed;
      page.printed.hidden = !printed;
      const parts = colored(said, keys), now = JSON.stringify(parts);
      page.standing.dataset.said = said;
      if (shown !== now) {
        shown = now;
        page.standing.setAttribute("aria-busy", "true");
        page.standing.replaceChildren(...parts.map(inked));
      }
      page.standing.classList.toggle("course-failed", Boolean(failed));
      quiet = setTimeout(settle, 400);
    },
    stop: () => clearTimeout(quiet),
  };
}

// Whether a mouse button or a finger is down, and on what.
export function pressing(signal) {
  let on = null;
  for (const kind of ["pointerdown", "pointerup", "pointercancel"])
    addEventListener(kind, (event) => { on = kind === "pointerdown" ? event.target : null; },
      { signal, passive: true, capture: true });
  return () => on;
}

// Buttons that run through a whole-number slider and step through it. It only ever starts by hand.
// The slider is moved here in the page; Python hears where it stopped.
export function player(page, slider, signal) {
  const called = slider.get("description");
  const bar = document.createElement("div");
  bar.className = "course-play";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Play ${called}`);
  bar.innerHTML = `<button type="button" aria-label="Step back">${icon("M1 1h2v10H1zM11 1v10L4 6z")}</button>
    <button type="button" class="course-run"></button>
    <button type="button" aria-label="Step forward">${icon("M9 1h2v10H9zM1 1v10l7-5z")}</button>
    <select aria-label="speed" title="Speed"><option value="0.25">¼×</option><option value="0.5">½×</option>
    <option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select>`;
  page.root.insertBefore(bar, page.root.querySelector(".course-foot"));
  const [back, run, forth] = bar.querySelectorAll("button");
  const speed = bar.querySelector("select");
  let ticking = 0, before = 0, part = 0;
  const show = (name, shape) => {
    run.setAttribute("aria-label", name);
    run.innerHTML = icon(shape);
  };
  const paused = () => show("Play", "M2 0.5v11L11 6z");
  paused();

  function go(notches) {
    const { min, max, step, value } = slider.attributes;
    slider.set("value", Math.min(Math.max(value + notches * step, min), max));
    return slider.get("value") < max;
  }
  function stop() {
    if (!ticking) return;
    cancelAnimationFrame(ticking);
    ticking = 0;
    paused();
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
    show("Pause", "M1.5 1H5v10H1.5zM7 1h3.5v10H7z");
    ticking = requestAnimationFrame(tick);
  }, { signal });
  for (const [button, way] of [[back, -1], [forth, 1]])
    button.addEventListener("click", () => {
      stop();
      go(way);
      slider.save_changes();
    }, { signal });
  return {
    bar,
    stop,
    reset() {
      stop();
      speed.value = "1";
    },
  };
}

const icon = (shape) => `<svg viewBox="0 0 12 12" aria-hidden="true"><path d="${shape}"/></svg>`;
