// All that leans on how ipywidgets, noUiSlider and Jupyter are made inside: every class name and
// every part of theirs that is used here, so that a new version breaks one file. PARTS lists them, and
// a test in the browser says in words which of them is gone.

import { typed } from "./notches.mjs";
import { unpadded, written } from "./numbers.mjs";

export const PARTS = {
  handle: ".noUi-handle", // of noUiSlider: takes the focus
  bar: ".noUi-target", // of noUiSlider: carries its interface
  readout: ".widget-readout", // of ipywidgets: the number beside a slider
  around: ".jupyter-widgets.widget-vbox", // of ipywidgets: the box of an explorer
  quiet: "data-lm-suppress-shortcuts", // of Lumino: Jupyter leaves keys alone there
};

// ipywidgets leaves the part of a slider that takes the focus without a name, lets it tell the
// exponent where a logarithmic slider shows the number, and gives the number a Tab stop with no name.
export function name(sliders) {
  for (const slider of sliders)
    for (const view of Object.values(slider.views || {}))
      view.then((view) => {
        const { el } = view, label = slider.get("description");
        el.dataset.courseSlider = slider.model_id;
        const readout = el.querySelector(PARTS.readout), bar = el.querySelector(PARTS.bar);
        const handles = [...el.querySelectorAll(PARTS.handle)];
        if (readout?.isContentEditable) {
          readout.setAttribute("role", "textbox");
          readout.setAttribute("aria-label", `${label}, type a value`);
          readout.tabIndex = -1;
        }
        handles.forEach((handle, i) => {
          handle.setAttribute("aria-label", handles.length > 1 ? `${label}, ${i ? "upper" : "lower"} end` : label);
          if (readout && handles.length === 1) handle.setAttribute("aria-valuetext", [readout.textContent, readout.dataset.unit].filter(Boolean).join(" "));
        });
        if (!handles.length && el.querySelectorAll("input, button").length > 1) {
          el.setAttribute("role", "group");
          el.setAttribute("aria-label", label);
        }
        el.querySelector("input[type=color]")?.setAttribute("aria-label", `${label}, choose a color`);
        asWritten(view);
        if (bar?.noUiSlider) exact(bar.noUiSlider, view);
        if (bar) bar.style.touchAction = slider.get("orientation") === "vertical" ? "pan-x" : "pan-y";
      });
}

// What stands after a slider's number.
export function unite(el, unit) {
  const readout = el.querySelector(PARTS.readout), handle = el.querySelector(PARTS.handle);
  if (!readout || readout.dataset.unit) return;
  readout.dataset.unit = unit;
  handle?.setAttribute("aria-valuetext", `${readout.textContent} ${unit}`);
}

// The number beside a slider, as a person writes it. In the page a format such as ".3g" fills up with
// zeros, in Python, whose formats are meant, it does not.
function asWritten(view) {
  if (view.courseWritten || !view.valueToString || !view.readout) return;
  const { valueToString } = view;
  const short = view.model.get("readout_format")?.endsWith("g") ? unpadded : (text) => text;
  view.valueToString = (value) => written(short(valueToString.call(view, value)));
  view.courseWritten = true;
  if (document.activeElement !== view.readout) view.readout.textContent = view.valueToString(view.model.get("value"));
}

// A slider that is set goes to the very value. By itself it goes to the notch beside it, or to what is
// left of the value after a logarithm and back, and tells that as its own.
function exact(bar, view) {
  if (bar.courseExact) return;
  const { set } = bar, told = view.handleSliderChanged;
  let setting = false;
  view.handleSliderChanged = (...about) => setting || told.apply(view, about);
  bar.set = (at, fire) => {
    setting = true;
    try {
      set(at, fire, true);
    } finally {
      setting = false;
    }
  };
  bar.courseExact = true;
}

export function* shown(slider) {
  for (const el of document.querySelectorAll(`[data-course-slider="${slider.model_id}"]`)) yield el;
}

// What the kernel and `update` know a control's value by: a list's choice by its place, all else by its
// value, in the form in which the widget sends it.
export function keyOf(control) {
  return control.get("index") === undefined ? "value" : "index";
}

export function valueOf(control, key = keyOf(control)) {
  const value = control.get(key), form = control.constructor.serializers?.[key]?.serialize;
  return form ? form(value, control) : value;
}

// A widget tells the kernel of each change, and three messages come back. What is to be drawn is asked
// for apart from that. So while a slider is held, the kernel hears where it is when it rests there. What
// the kernel repeats until it has heard, of an earlier place, is passed over: the hand has the say.
export function tellAtRest(slider, held) {
  if (Object.hasOwn(slider, "save_changes")) return; // another explorer has the same slider
  const tell = slider.save_changes, take = slider.set_state;
  let rest = 0;
  slider.save_changes = function (...about) {
    clearTimeout(rest);
    rest = 0;
    if (slider.comm_live === false) return; // nobody is there to be told
    if (!held()) return tell.apply(slider, about);
    rest = setTimeout(() => {
      rest = 0;
      if (slider.comm_live !== false) tell.apply(slider, about);
    }, 150);
  };
  slider.set_state = function (state) {
    const kept = { ...state };
    if (held() || rest) for (const key of ["value", "index"]) delete kept[key];
    return take.call(slider, kept);
  };
}

// The number beside a slider takes what people write. A digit typed on the slider goes there, and so
// does Enter; Enter and Escape come back. ipywidgets never hears of it: it would read 0,05 as 0, and as
// the box is left, set the slider to the rounded number that stands there.
export function typing(sliders, signal) {
  const about = (event, part) =>
    event.target.matches?.(part) && sliders.find((slider) => [...shown(slider)].some((el) => el.contains(event.target)));
  let before = "";
  const take = (slider, box) => {
    if (box.textContent === before) return;
    const value = typed(slider, box.textContent);
    if (value === null || String(value) === String(slider.get("value"))) return void (box.textContent = before);
    slider.set("value", value);
    slider.save_changes();
    before = box.textContent;
  };
  const handle = (box) => box.closest("[data-course-slider]").querySelector(PARTS.handle);
  const hear = (kind, then) => addEventListener(kind, then, { capture: true, signal });
  hear("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const box = event.target;
    const slider = about(event, PARTS.readout);
    if (slider) {
      if (event.key === "Escape") box.textContent = before;
      else if (event.key === "Enter") take(slider, box);
      else return;
      event.preventDefault();
      event.stopPropagation();
      handle(box).focus();
    } else if (event.key === " " && about(event, PARTS.handle)) {
      event.preventDefault(); // the page would scroll
    } else if (about(event, PARTS.handle) && (event.key === "Enter" || /^[0-9.,−-]$/.test(event.key))) {
      const readout = event.target.closest("[data-course-slider]").querySelector(PARTS.readout);
      if (!readout?.isContentEditable || readout.hidden) return;
      if (event.key === "Enter") event.preventDefault();
      readout.focus();
      getSelection().selectAllChildren(readout);
    }
  });
  hear("focus", (event) => about(event, PARTS.readout) && (before = event.target.textContent));
  hear("blur", (event) => {
    const slider = about(event, PARTS.readout);
    if (!slider) return;
    take(slider, event.target);
    event.stopPropagation();
  });
}

// A finger that starts on a slider may want to scroll. The slider hears of it when it moves along the
// slider or taps it; the page keeps what goes across. A mouse or a pen that starts on a slider is its own
// until it is let go: then the browser need not lay out the page at each move to see what lies below.
export function swiping(sliders, signal) {
  let begun = null, ours = false;
  const go = ({ target, event }) => {
    ours = true;
    const { clientX, clientY, pointerId, pointerType, isPrimary } = event;
    target.dispatchEvent(new PointerEvent("pointerdown",
      { bubbles: true, cancelable: true, clientX, clientY, pointerId, pointerType, isPrimary, buttons: 1 }));
    ours = false;
  };
  const hear = (kind, then) => addEventListener(kind, then, { capture: true, signal });
  hear("pointerdown", (event) => {
    if (ours || !event.target.closest?.(PARTS.bar)) return;
    if (!sliders.some((slider) => [...shown(slider)].some((el) => el.contains(event.target)))) return;
    if (event.pointerType !== "touch") {
      if (event.isTrusted) event.target.setPointerCapture(event.pointerId);
      return;
    }
    event.stopPropagation();
    begun = { target: event.target, event };
  });
  hear("pointermove", (event) => {
    if (!begun || event.pointerId !== begun.event.pointerId) return;
    const { target, event: start } = begun;
    const upright = target.closest(".noUi-vertical");
    const far = upright ? event.clientY - start.clientY : event.clientX - start.clientX;
    if (Math.abs(far) < 4) return;
    begun = null;
    go({ target, event: start });
  });
  hear("pointerup", (event) => {
    if (!begun || event.pointerId !== begun.event.pointerId) return;
    const tapped = begun;
    begun = null;
    go(tapped);
  });
  hear("pointercancel", () => (begun = null));
}

// Jupyter takes arrows, Enter and letters as commands before any widget sees them. Window listeners come
// first of all: there the part that has the focus is marked as not to be disturbed.
export function undisturbed(root, signal) {
  addEventListener("keydown", (event) => {
    const ours = root.closest(PARTS.around) || root;
    if (!ours.contains(event.target)) return;
    const command = event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape" ||
      (event.shiftKey && event.key === "Enter");
    event.target.toggleAttribute(PARTS.quiet, !command);
  }, { capture: true, signal });
}
