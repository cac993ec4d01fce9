// The page around the picture: its style, its elements, its words, and the buttons that play.

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
.course-notice { position: absolute; inset: 0 0 auto 0; z-index: 2; margin: 0; padding: 8px 12px;
  background: #fff4e5; color: #1a1a1a; border-left: 4px solid #D55E00; line-height: 1.4;
  font-family: var(--jp-ui-font-family, sans-serif); font-size: 14px; }
.course-notice:empty { display: none; }
.course-busy-mark { position: absolute; right: 6px; top: 6px; padding: 1px 8px; border-radius: 9px;
  background: #1a1a1a; color: #fff; font: 12px var(--jp-ui-font-family, sans-serif); visibility: hidden; }
.course-busy .course-busy-mark { visibility: visible; }
.course-slow { font-size: 13px; white-space: nowrap; color: var(--jp-ui-font-color1, inherit); }
.course-slow[hidden] { display: none; }
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

export function build(model, el) {
  const [width, height] = model.get("size");
  const root = document.createElement("div");
  root.className = "course-explorer";
  root.innerHTML = `<style>${STYLE}</style>
    <div class="course-stage"><canvas role="img"></canvas>
    <span class="course-busy-mark" aria-hidden="true">computing …</span>
    <p class="course-notice" role="alert"></p></div>
    <div class="course-foot"><p class="course-standing" role="status" aria-live="polite"></p>
    <label class="course-slow" hidden><input type="checkbox"> update on release</label>
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
    notice: root.querySelector(".course-notice"),
    slow: root.querySelector(".course-slow"),
  };
}

// Words under the picture. Screen readers hear them when they stop changing and nothing is held.
export function speaker(page, held) {
  let quiet = 0;
  const settle = () => {
    if (held()) quiet = setTimeout(settle, 200);
    else page.standing.setAttribute("aria-busy", "false");
  };
  return {
    busy: () => page.standing.setAttribute("aria-busy", "true"),
    say(text, failed) {
      clearTimeout(quiet);
      if (page.standing.textContent !== text) {
        page.standing.setAttribute("aria-busy", "true");
        page.standing.textContent = text;
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
