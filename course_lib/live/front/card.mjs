// The card of an explorer: its style, and what is laid out around the sliders of ipywidgets.

import { PARTS } from "./widgets.mjs";

export const STYLE = `
.course-card, .course-explorer { --course-face: "Course Sans", var(--jp-ui-font-family, system-ui, sans-serif); --course-ink: var(--jp-ui-font-color1, #222);
  --course-text: var(--jp-content-font-size1, 0.875rem); --course-accent: #0072B2; --course-on: #fff;
  --course-line: var(--jp-border-color1, #bbb); --course-key: var(--jp-layout-color2, #eee); }
body[data-jp-theme-light="false"] .course-card, body[data-jp-theme-light="false"] .course-explorer,
body.vscode-dark .course-card, body.vscode-dark .course-explorer { --course-accent: #56B4E9; --course-on: #111; }
.course-explorer[data-night="true"] { --course-accent: #56B4E9; --course-on: #111; }
.jupyter-widgets.course-card { overflow: visible; padding: 2px 0; width: 100%; container-type: inline-size; font-size: var(--course-text); }
.course-card > .course-controls { width: 100%; max-width: var(--course-wide, 100%); }
.course-controls.course-controls { position: relative; display: grid; align-items: end; gap: 2px 20px; margin: 0 0 4px;
  padding: 0 5.2em 0 2px; box-sizing: border-box; overflow: visible; color: var(--course-ink); font-family: var(--course-face);
  grid-auto-flow: row dense; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15.1em), 1fr)); font-size: var(--course-text); }
.course-controls:empty { display: none !important; }
.course-controls > .widget-hbox { grid-column: 1 / -1; overflow: visible; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12em), 1fr)); }
.course-controls > .widget-hbox > .widget-checkbox { margin: 0 !important; min-width: 0; }
.course-controls .widget-label { width: auto !important; max-width: none; text-align: left; height: auto; white-space: normal;
  font: 0.93em/1.45 var(--course-face); color: var(--course-ink); margin: 0; }
.course-controls > .widget-hslider, .course-controls > .widget-dropdown { display: grid; margin: 0; height: auto;
  width: auto !important; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; column-gap: 8px;
  overflow: visible; }
.course-controls > .widget-hslider > .widget-label, .course-controls > .widget-dropdown > .widget-label {
  grid-area: 1 / 1 / 2 / 3; }
.course-controls > .widget-dropdown > select { grid-area: 2 / 1 / 3 / 4; height: auto; min-height: 24px; padding-top: 0; padding-bottom: 0;
  font: 0.93em var(--course-face); }
.course-controls > .widget-hslider > .slider-container { grid-area: 2 / 2 / 3 / 4; height: 24px; margin: 0 8px; }
.course-controls > .widget-hslider:not(.course-plays) > .slider-container { grid-column: 1 / 4; }
.course-controls > .widget-hslider > .widget-readout { grid-area: 1 / 3 / 2 / 4; min-width: 3.2em; max-width: none; height: auto;
  margin: 0; padding: 0 4px; text-align: right; font: 0.93em/1.35 var(--course-face); color: var(--course-ink);
  font-variant-numeric: tabular-nums; }
.course-controls .widget-readout.overflow { box-shadow: none; }
.course-controls .widget-readout[data-unit]::after { content: "\\202f" attr(data-unit); }
.course-controls > .widget-button { width: auto; min-width: 6.4em; height: auto; min-height: 26px; line-height: 1.7; font-size: 0.93em; justify-self: start; margin: 0; }
.course-controls > .widget-hslider > .course-play { grid-area: 2 / 1 / 3 / 2; }
.course-controls > .widget-hslider.course-plays { grid-column: span 2; }
.course-controls [hidden] { display: none !important; }
.course-segments { display: flex; flex-wrap: wrap; min-height: 24px; border-radius: 4px; gap: 2px 0; }
.course-controls > .widget-dropdown > .course-segments, .course-plain > .course-segments { grid-area: 2 / 1 / 3 / 4; }
.course-segments > label { position: relative; display: flex; flex: 1 0 auto; margin: 0 -1px 0 0; cursor: pointer; font: 0.93em/1 var(--course-face);
  color: var(--course-ink); }
.course-segments input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; width: 100%; height: 100%; }
.course-segments span { flex: 1; display: grid; place-items: center; min-height: 22px; min-width: 14px; padding: 0 7px; white-space: nowrap;
  color: var(--course-ink); background: var(--course-key); border: 1px solid var(--course-line); }
.course-segments > label:first-child span { border-radius: 4px 0 0 4px; }
.course-segments > label:last-child span { border-radius: 0 4px 4px 0; }
.course-segments input:checked + span { background: var(--course-accent); border-color: var(--course-accent); color: var(--course-on); }
.course-segments input:focus-visible + span { outline: 3px solid var(--course-accent); outline-offset: 1px; z-index: 1; }
.course-segments > label:has(:focus-visible) { z-index: 1; }
.course-controls > .course-wide, .course-plain.course-wide { grid-column: span 2; }
.course-number { font-weight: 600; color: var(--course-light); }
body[data-jp-theme-light="false"] .course-number, body.vscode-dark .course-number,
.course-explorer[data-night="true"] .course-number { color: var(--course-dark); }
.course-controls > .widget-checkbox { width: auto !important; margin: 0; min-height: 24px; height: auto; }
.course-controls > .widget-checkbox .widget-label { display: none; }
.course-controls .widget-label-basic { font: 0.93em/1.85 var(--course-face); color: var(--course-ink); }
.course-key { color: var(--course-light); display: inline-flex; margin: 0 6px 0 4px; vertical-align: middle; }
.course-controls > .widget-hbox .course-key { margin: 0 3px 0 -3px; }
.course-key-mark { stroke: var(--jp-layout-color1, #fff); stroke-width: 1; }
body[data-jp-theme-light="false"] .course-key, body.vscode-dark .course-key, .course-explorer[data-night="true"] .course-key { color: var(--course-dark); }
/* A control without effect: dimmed, with the reason on its bar; it can still be moved. */
.course-idle .slider-container, .course-idle > select, .course-idle > .course-segments, .course-idle > input { opacity: 0.4; }
.course-why { font-size: 0.86em; line-height: 1.3; font-style: italic; color: var(--course-ink); background: var(--jp-layout-color0, #fff);
  position: relative; z-index: 1; pointer-events: none; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.course-why:empty { display: none; }
.course-controls > .widget-hslider > .course-why, .course-plain > .course-why { grid-area: 2 / 1 / 3 / 4; justify-self: center; align-self: center; padding: 0 6px; max-width: 100%; }
.course-controls > .widget-dropdown > .course-why { grid-area: 1 / 3 / 2 / 4; }
/* The bar is filled up to the handle; the tick is the author's value. */
.course-controls .noUi-horizontal .noUi-connects { height: 4px; top: 0; border-radius: 2px; overflow: hidden; background:
  linear-gradient(90deg, transparent var(--course-from, 0%), var(--course-accent) 0 var(--course-filled, 0%), transparent 0), var(--course-line); }
.course-controls .noUi-horizontal .noUi-connect { background: none; }
.course-controls .noUi-horizontal.noUi-target { background: none; border: 0; height: 4px; margin: 0; top: 10px; }
.course-controls .noUi-horizontal .noUi-base::after { content: ""; position: absolute; top: -4px; height: 12px; width: 2px;
  left: calc(var(--course-first, -1e4%) - 1px); background: var(--course-ink); opacity: 0.45; pointer-events: none; }
.course-controls .noUi-horizontal .noUi-handle { width: 16px; height: 16px; right: -8px; top: -6px; border-radius: 50%;
  border: 2px solid var(--course-accent); background: var(--jp-layout-color1, #fff); box-shadow: none; cursor: grab; }
.course-controls .noUi-horizontal .noUi-handle:hover { transform: scale(1.2); }
.course-controls .noUi-horizontal .noUi-handle:active { cursor: grabbing; background: var(--course-accent); }
.course-controls .noUi-handle:focus-visible { outline: 3px solid var(--course-accent); outline-offset: 2px; }
.course-controls > .course-reset { position: absolute; right: 2px; top: calc(1.3 * var(--course-text) - 2px); }
.course-explorer { max-width: 100%; margin: 0; }
.course-explorer:not(.course-card *) { container-type: inline-size; font-size: var(--course-text); }
.course-stage { position: relative; max-width: 100%; border-radius: 3px; }
.course-sheet { position: absolute; inset: 0; transform-origin: 0 0; }
.course-zoomed { overflow: hidden; }
.course-zoomed canvas { cursor: grab; touch-action: none; }
.course-zoomed canvas:active { cursor: grabbing; }
.course-stage:focus-visible { outline: 3px solid var(--course-accent); outline-offset: 1px; }
.course-sheet > .course-handle { scale: calc(1 / var(--course-zoom, 1)); }
.course-stage canvas { display: block; width: 100%; height: 100%; }
/* What was drawn for white stands on white, and what was drawn for dark on dark, on a page of either theme. */
.course-stage:not([data-dark="true"]) { background: #fff; }
body[data-jp-theme-light="true"] .course-stage[data-dark="true"] { background: #111; }
.course-stage[data-dark="true"] .course-flat::before { border-color: #eee; }
.course-paper { display: none; width: 100%; height: 100%; object-fit: contain; object-position: left top; }
@media print {
  .course-stage[data-dark="true"] canvas:has(+ .course-paper:not([hidden])) { display: none; }
  .course-stage[data-dark="true"] .course-paper:not([hidden]) { display: block; }
  body .course-card.course-card, body .course-explorer.course-explorer { --course-ink: #111; --course-accent: #0072B2; --course-on: #fff;
    --course-line: #999; --course-key: #eee; --jp-layout-color0: #fff; --jp-layout-color1: #fff; background: #fff; break-inside: avoid; }
  .course-controls *, .course-segments * { print-color-adjust: exact; }
  body .course-controls.course-controls select { color: #111; background: #fff; border: 1px solid #999; }
  body .course-key.course-key, body .course-number.course-number.course-number { color: var(--course-light); }
}
@media (forced-colors: active) {
  .course-controls .noUi-horizontal .noUi-connects { forced-color-adjust: none; border: 1px solid CanvasText; background:
    linear-gradient(90deg, transparent var(--course-from, 0%), Highlight 0 var(--course-filled, 0%), transparent 0), Canvas; }
  .course-controls .noUi-horizontal .noUi-handle { forced-color-adjust: none; border-color: CanvasText; background: Canvas; }
  .course-handle, .course-key { forced-color-adjust: none; }
  .course-controls .noUi-handle:focus-visible { outline-color: Highlight; }
  .course-controls.course-controls select { appearance: auto; }
  .course-segments input:checked + span { forced-color-adjust: none; background: Highlight; color: HighlightText; border-color: Highlight; }
}
.course-notice { position: absolute; inset: 0 0 auto 0; z-index: 2; margin: 0; padding: 8px 12px;
  background: #fff4e5; color: #1a1a1a; border-left: 4px solid #D55E00; line-height: 1.4;
  font-family: var(--course-face); font-size: var(--course-text); }
.course-notice:empty { display: none; }
/* It takes no room from the sentence: it lies over the end of its last line, and on no word of the picture. */
.course-busy-mark { display: flex; justify-content: flex-end; align-self: end; flex: none; width: 0; margin: 0 0 3px -12px; visibility: hidden; }
.course-busy-mark > span { flex: none; padding: 1px 8px; border-radius: 9px; white-space: nowrap; background: #1a1a1a; color: #fff;
  font: calc(0.86 * var(--course-text)) var(--course-face); box-shadow: 0 0 0 1px #888; }
.course-busy .course-busy-mark { visibility: visible; }
.course-slow { font-size: 0.93em; white-space: nowrap; color: var(--course-ink); }
.course-slow[hidden], .course-saved[hidden] { display: none; }
.course-handle { position: absolute; width: 18px; height: 18px; margin: -9px 0 0 -9px;
  box-sizing: border-box; border: 3px solid #1a1a1a; border-radius: 50%;
  background: color-mix(in srgb, var(--course-accent) 45%, #fff); box-shadow: 0 0 0 1.5px #fff; cursor: grab;
  touch-action: none; outline: none; transition: transform 0.1s; }
.course-handle:hover, .course-handle:focus-visible { transform: scale(1.25); }
.course-hint { position: absolute; right: 0; visibility: hidden; padding: 0 6px; border-radius: 3px; pointer-events: none;
  font: calc(0.86 * var(--course-text))/1.6 var(--course-face); white-space: nowrap; color: var(--course-ink);
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--course-ink); }
.course-fixed .course-hint, .course-zoomed .course-hint { display: none; }
.course-fixed.course-fixed { background: none; transform: none; }
.course-handle::after { content: ""; position: absolute; inset: -12px; border-radius: 50%; }
.course-flat::before { content: ""; position: absolute; left: 5px; bottom: 15px;
  height: var(--course-tall); border-left: 1.5px dashed #1a1a1a; opacity: 0.55; pointer-events: none; }
.course-fixed { pointer-events: none; }
.course-handle:focus-visible { box-shadow: 0 0 0 2px #fff, 0 0 0 5px #0072B2; }
.course-handle.course-grabbed { cursor: grabbing; background: rgba(255, 255, 255, 0.15); }
.course-foot { display: flex; gap: 12px; align-items: baseline; max-width: 100%; font-size: var(--course-text);
  font-family: var(--course-face); color: var(--course-ink); }
.course-standing { flex: 1; margin: 2px 0; min-height: 2.6em; line-height: 1.3;
  font-family: var(--course-face); font-size: 1em; font-variant-numeric: tabular-nums;
  color: var(--course-ink); }
.course-saved { font-style: italic; opacity: 0.85; }
.course-failed { border-left: 4px solid #D55E00; padding-left: 8px; }
.course-printed { margin: 4px 0; padding: 4px 8px; max-width: 100%; max-height: 9em; overflow: auto;
  box-sizing: border-box; white-space: pre-wrap; font-size: calc(0.93 * var(--course-text)); border-left: 4px solid #888;
  color: var(--jp-ui-font-color1, inherit); }
.course-plain { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 0 8px; align-items: center;
  font: 0.93em/1.45 var(--course-face); color: var(--course-ink); }
.course-plain > span { grid-area: 1 / 1 / 2 / 3; }
.course-plain > output { grid-area: 1 / 3 / 2 / 4; font-variant-numeric: tabular-nums; }
.course-plain > select { grid-area: 2 / 1 / 3 / 4; }
.course-plain > input[type="range"] { grid-area: 2 / 2 / 3 / 4; height: 24px; margin: 0; min-width: 0;
  accent-color: var(--course-accent); }
.course-plain:not(.course-plays) > input[type="range"] { grid-column: 1 / 4; }
.course-plain > .course-play { grid-area: 2 / 1 / 3 / 2; }
.course-plain.course-plays { grid-column: span 2; }
.course-plain > input[type="checkbox"] { justify-self: start; }
.course-play { display: flex; gap: 3px; align-items: center; font-size: 0.93em;
  font-family: var(--course-face); color: var(--course-ink); }
.course-card button, .course-explorer button, .course-play select { font: inherit; font-family: var(--course-face); padding: 2px 8px; cursor: pointer;
  color: var(--course-ink); background: var(--course-key); border: 1px solid var(--course-line); border-radius: 4px; }
.course-play.course-play button { padding: 0; width: max(26px, 1.9em); height: max(24px, 1.8em); display: grid; place-items: center; }
.course-play svg { width: 0.9em; height: 0.9em; fill: currentColor; }
.course-play.course-play select { padding: 0 2px; height: max(24px, 1.8em); }
.course-card .course-reset, .course-explorer .course-reset { font-size: 0.93rem; font-size: calc(0.93 * var(--course-text)); }
.course-card button:focus-visible, .course-explorer button:focus-visible, .course-play select:focus-visible {
  outline: 3px solid var(--course-accent); outline-offset: 1px; }
@container (max-width: 43em) {
  .course-controls > .widget-hslider.course-plays, .course-plain.course-plays,
  .course-controls > .course-wide, .course-plain.course-wide { grid-column: 1 / -1; } }
/* On a phone the last controls, with the player after them, stay in view above a picture that is a long way. */
@media (max-width: 43em) {
  :is(.jp-Cell-outputArea, .jp-OutputArea-child, .jp-OutputArea-output):has(.course-card) { overflow: visible; }
  .course-card > .course-controls { position: sticky; z-index: 2; top: min(0px, var(--course-stay, 6.6em) - var(--course-tall-controls, 100em));
    padding-right: 2px; background: var(--jp-layout-color0, #fff); }
  .course-controls:has(> .course-plays) { --course-stay: 3.8em; }
  .course-controls > .course-plays { order: 1; }
  .course-controls > .course-reset { order: -1; position: static; justify-self: end; }
}
.course-bar { position: absolute; right: 4px; top: 4px; z-index: 1; display: flex; gap: 2px; opacity: 0; pointer-events: none;
  transition: opacity 0.15s; }
.course-stage:hover .course-bar, .course-bar:focus-within { opacity: 1; pointer-events: auto; }
.course-explorer .course-bar button { padding: 0 6px; min-height: 24px; font: calc(0.86 * var(--course-text)) var(--course-face); }
.course-told { display: block; font-size: 0.86em; color: var(--course-ink); min-height: 0; overflow-wrap: anywhere; }
.course-tip { position: absolute; z-index: 1; padding: 0 6px; border-radius: 3px; pointer-events: none; white-space: nowrap;
  font: calc(0.86 * var(--course-text))/1.6 var(--course-face); font-variant-numeric: tabular-nums;
  color: var(--course-ink); background: var(--course-key); border: 1px solid var(--course-line); }
.course-tip.course-near { border-color: var(--course-accent); }
.course-tip[hidden] { display: none; }
.course-card:fullscreen { background: var(--jp-layout-color0, #fff); padding: 16px; overflow: auto; --course-text: 20px; }
.course-card:fullscreen .course-explorer, .course-card:fullscreen .course-foot { --course-text: 20px; }
.course-card:fullscreen .course-foot, .course-card:fullscreen > .course-controls { width: 100% !important; max-width: 100%; }
/* On a wide page the controls stand beside the figure. */
.course-card.course-beside { flex-direction: row-reverse; justify-content: flex-end; align-items: flex-start; gap: 24px; }
.course-card.course-beside > .course-controls { flex: 0 1 380px; min-width: 0; width: auto; padding: 8px 2px 40px; row-gap: 8px;
  grid-template-columns: minmax(0, 1fr); }
.course-card.course-beside > .course-controls > * { grid-column: 1 / -1; }
.course-card.course-beside > .course-controls > .course-reset { top: auto; bottom: 0; right: auto; left: 2px; }
.course-card.course-beside > .course-explorer { flex: none; width: var(--course-wide); }
@media (prefers-reduced-motion: reduce) { .course-bar, .course-handle, .course-controls .noUi-origin, .course-controls .noUi-connect { transition: none; } }
@media print { .course-bar, .course-tip, .course-play, .course-reset, .course-busy-mark, .course-hint { display: none; } }
/* A link that is broken is told in words, under the picture. */
.course-card .jupyter-widgets-disconnected::before, .course-card.jupyter-widgets-disconnected::before { content: none; }
`;

// Puts what belongs to the sliders among them: the players, and Reset. Returns what marks on each bar where
// it stands, and where the author had set it; null as long as the sliders are not there.
export async function arrange(root, wide, sliders, first, players, reset) {
  const box = root.closest(PARTS.around)?.querySelector(":scope > .course-controls");
  if (!box) return null;  // rings alone: Reset stays below the picture
  box.style.setProperty("--course-wide", `${wide}px`);
  const bars = [];
  for (const [i, slider] of sliders.entries())
    for (const { el } of await Promise.all(Object.values(slider.views || {}))) {
      if (!box.contains(el)) continue;
      const bar = el.querySelector(PARTS.bar), player = players.get(slider);
      if (bar) bars.push({ slider, bar });
      if (bar) bar.style.setProperty("--course-first", share(slider, first[i]));
      if (!player) continue;
      el.classList.add("course-plays");
      el.append(player);
    }
  box.append(reset);
  return () => {
    for (const { slider, bar } of bars) {
      const [low, high] = [slider.get("value")].flat();
      bar.style.setProperty("--course-from", high === undefined ? "0%" : share(slider, low));
      bar.style.setProperty("--course-filled", share(slider, high ?? low));
    }
  };
}

// Puts the controls beside the figure where the page is wide enough for both.
export function sideBySide(root, wide) {
  const card = root.closest(PARTS.around), full = document.fullscreenElement === card;
  const controls = card?.querySelector(":scope > .course-controls");
  if (!controls) return;
  card.style.setProperty("--course-wide", `${wide}px`);
  card.style.setProperty("--course-tall-controls", `${controls.offsetHeight}px`);
  card.classList.toggle("course-beside", !full && card.clientWidth >= Math.max(1200, wide + 264));
}

// Where a value lies on a slider's bar, as part of its length.
export function share(slider, value) {
  const base = slider.get("base"), [min, max] = [slider.get("min"), slider.get("max")];
  const at = ((base ? Math.log(value) / Math.log(base) : value) - min) / (max - min);
  return Number.isFinite(at) ? `${(100 * Math.min(Math.max(at, 0), 1)).toFixed(2)}%` : "-1000%";
}
