// A discreet bar over the picture: save it, copy where the controls stand, fill the screen; and the values
// under the pointer. It comes on hover or focus, is one stop of the Tab key, and arrows go along it.

import { written } from "./numbers.mjs";
import { unfraction } from "./points.mjs";
import { zoomable } from "./zoom.mjs";

const FULL = `<svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true" fill="none" stroke="currentColor"
  stroke-width="1.6"><path d="M1 4V1h3M8 1h3v3M11 8v3H8M4 11H1V8"/></svg>`;

const TYPES = { svg: "image/svg+xml", gif: "image/gif", mp4: "video/mp4" };

// What a control's value is called in Python.
export function inPython(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${value.map(inPython).join(", ")}${value.length === 1 ? "," : ""})`;
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : JSON.stringify(value);
}

export function asCode(values) {
  return `explorer.set(${Object.entries(values).map(([name, value]) => `${name}=${inPython(value)}`).join(", ")})`;
}

export function makeBar(page, { signal, states, runs, films, ask, rested }) {
  const bar = document.createElement("div"), told = document.createElement("span");
  bar.className = "course-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Picture");
  told.className = "course-told";
  told.setAttribute("role", "status");
  const tell = (text) => {
    told.textContent = text;
    clearTimeout(tell.timer);
    tell.timer = setTimeout(() => (told.textContent = ""), 4000);
  };
  const zoom = zoomable(page, { signal, tell, rested });
  const card = () => page.root.closest(".course-card") || page.root;
  const save = (blob, kind) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `picture.${kind}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    tell(`Saved as picture.${kind}.`);
  };
  const actions = [
    ["PNG", "Save the picture as PNG", () => page.canvas.toBlob((blob) => save(blob, "png"))],
    ask && ["SVG", "Save the picture as SVG", () => ask({ save: "svg" })],
    ...(ask && runs ? films : []).map((film) => [film.toUpperCase(), `Save the run of ${runs.label} as ${film.toUpperCase()}`, () => {
      tell("Drawing the run …");
      ask({ save: film, slider: runs.name });
    }]),
    ["Code", "Copy where the controls stand as Python code", async () => {
      const code = asCode(states());
      try {
        await navigator.clipboard.writeText(code);
        tell(`Copied: ${code}`);
      } catch {
        tell(code); // no clipboard here: it can be copied by hand
      }
    }],
    ["+", "Closer: plus, or Ctrl and the wheel", () => zoom.closer()],
    ["−", "Farther: minus; 0 shows all", () => zoom.farther()],
    document.fullscreenEnabled && [FULL, "Full screen", () =>
      document.fullscreenElement ? document.exitFullscreen() : card().requestFullscreen()],
  ].filter(Boolean);
  const buttons = actions.map(([text, title, act], i) => {
    const button = Object.assign(document.createElement("button"), { type: "button", innerHTML: text, title });
    button.setAttribute("aria-label", title);
    button.tabIndex = i ? -1 : 0;
    button.addEventListener("click", act, { signal });
    return button;
  });
  bar.append(...buttons);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = buttons.indexOf(event.target), next = buttons[(at + step + buttons.length) % buttons.length];
    buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
    next.focus();
  }, { signal });
  page.stage.append(bar);
  page.root.append(told);
  document.addEventListener("fullscreenchange", () => {
    const full = document.fullscreenElement === card();
    const [wide, tall] = page.stage.style.aspectRatio.split("/").map(Number);
    const tallOf = (part) => card().querySelector(part)?.offsetHeight ?? 0;
    const others = Math.max(tallOf(".course-controls"), page.controls.offsetHeight) + tallOf(".course-foot") + 24;
    if (full) page.stage.style.width = `${Math.round((Math.max(innerHeight - others - 24, 200) * wide) / tall)}px`;
    else page.stage.style.width = page.stage.dataset.wide;
  }, { signal });
  return {
    times: zoom.times,
    took: (kind, buffer) => save(new Blob([buffer], { type: TYPES[kind] }), kind),
    stop: () => clearTimeout(tell.timer),
  };
}

// The value under the pointer: of the nearest vertex of a line or mark within reach, else of the place.
export function valueAt(scene, frame, x, y, reach) {
  const axes = scene.axes.find(({ box: [left, top, width, height] }) =>
    x >= left && x <= left + width && y >= top && y <= top + height);
  if (!axes) return null;
  let at = [x, y], best = reach * reach, of = null;
  for (const layer of frame?.layers || []) {
    if (layer.kind === "area" && layer.of !== undefined && best === reach * reach && over(layer, frame.vertices, x, y)) of = layer.of;
    if (layer.kind !== "line" && layer.kind !== "marks") continue;
    const [start, count] = layer.at;
    for (let i = start; i < start + count; i += 2) {
      const far = (frame.vertices[i] - x) ** 2 + (frame.vertices[i + 1] - y) ** 2;
      if (far < best) [best, at, of] = [far, [frame.vertices[i], frame.vertices[i + 1]], layer.of ?? null];
    }
  }
  const still = axes.points ?? [];
  for (let i = 0; i < still.length; i += 2) {
    const far = (still[i] - x) ** 2 + (still[i + 1] - y) ** 2;
    if (far < best) [best, at] = [far, [still[i], still[i + 1]]];
  }
  const [left, top, width, height] = axes.box;
  return { at, of, near: best < reach * reach,
    value: [unfraction((at[0] - left) / width, axes.x), unfraction(1 - (at[1] - top) / height, axes.y)] };
}

// Whether a place lies within the box around an area.
function over({ at: [start, count] }, vertices, x, y) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = start; i < start + count; i += 2) {
    [left, right] = [Math.min(left, vertices[i]), Math.max(right, vertices[i])];
    [top, bottom] = [Math.min(top, vertices[i + 1]), Math.max(bottom, vertices[i + 1])];
  }
  return x >= left && x <= right && y >= top && y <= bottom;
}

export function showValues(page, scene, frame, signal, light = () => {}) {
  const tip = document.createElement("span");
  tip.className = "course-tip";
  tip.setAttribute("aria-hidden", "true"); // the sentence under the picture says what counts
  page.stage.append(tip);
  const hide = () => (tip.hidden = true);
  page.canvas.addEventListener("pointerleave", () => light(null), { signal, passive: true });
  hide();
  let due = 0;
  page.canvas.addEventListener("pointermove", (event) => {
    if (event.buttons || event.pointerType === "touch" || due) return;
    due = requestAnimationFrame(() => {
      due = 0;
      if (!scene()) return;
      const edge = page.sheet.getBoundingClientRect(), around = page.stage.getBoundingClientRect(), grow = scene().size[0] / edge.width;
      const found = valueAt(scene(), frame(), (event.clientX - edge.left) * grow, (event.clientY - edge.top) * grow, 10 * grow);
      light(found?.of ?? null);
      if (!found) return hide();
      tip.textContent = written(found.value.map((v) => String(Number(v.toPrecision(3)))).join(", "));
      tip.classList.toggle("course-near", found.near);
      const left = found.at[0] / grow + edge.left - around.left, right = left > around.width - 110;
      tip.style.left = `${left + (right ? -10 : 10)}px`;
      tip.style.top = `${Math.max(found.at[1] / grow + edge.top - around.top - 26, 0)}px`;
      tip.style.transform = right ? "translateX(-100%)" : "none";
      tip.hidden = false;
    });
  }, { signal, passive: true });
  for (const kind of ["pointerleave", "pointerdown"]) page.canvas.addEventListener(kind, hide, { signal, passive: true });
}
