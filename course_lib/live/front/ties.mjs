// What ties a control to the picture: its swatch, the light on what is drawn for it, and the word that
// it has no effect where the others stand.

import { PARTS } from "./widgets.mjs";

export function swatch({ light, dark, dash, marker }) {
  const span = document.createElement("span");
  span.className = "course-key";
  span.setAttribute("aria-hidden", "true"); // the name beside it says who it is
  span.style.setProperty("--course-light", light);
  span.style.setProperty("--course-dark", dark);
  const line = dash ? `<path d="M0 7H34" stroke="currentColor" stroke-width="2" stroke-dasharray="${dash.join(" ")}"/>` : "";
  const mark = marker ? `<path d="${marker}" transform="translate(17 7)" fill="currentColor" class="course-key-mark"/>` : "";
  span.innerHTML = `<svg viewBox="0 0 34 14" width="34" height="14" fill="none">${line}${mark}</svg>`;
  return span;
}

// Puts the swatch into a control, which lights up what is drawn for it while it is pointed at or has the focus.
export function lit(el, name, key, light, signal) {
  if (el.querySelector(".course-key")) return;
  const box = el.querySelector('input[type="checkbox"]');
  box ? box.after(swatch(key)) : el.prepend(swatch(key));
  for (const kind of ["pointerenter", "focusin"]) el.addEventListener(kind, () => light(name), { signal });
  for (const kind of ["pointerleave", "focusout"])
    el.addEventListener(kind, () => light(el.contains(document.activeElement) && el.matches(":focus-within") &&
      document.activeElement.matches(":focus-visible") ? name : null), { signal });
}

// Dims a control that has no effect, and says why; without a reason it is as it was.
export function dim(el, reason = "") {
  let word = el.querySelector(".course-why");
  if (!word && !reason) return;
  if (!word) {
    word = Object.assign(document.createElement("span"), { className: "course-why", id: `why-${Math.random().toString(36).slice(2)}` });
    el.append(word);
  }
  if (word.textContent === reason) return;
  [word.textContent, word.title] = [reason, reason];
  el.classList.toggle("course-idle", Boolean(reason));
  for (const part of el.querySelectorAll(`${PARTS.handle}, select, input`)) {
    if (reason) {
      part.setAttribute("aria-disabled", "true");
      part.setAttribute("aria-describedby", word.id);
    } else for (const about of ["aria-disabled", "aria-describedby"]) part.removeAttribute(about);
  }
}
