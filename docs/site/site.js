// Brings a stored picture to life when the reader comes near it: fetches its frames and live.js,
// both from this site. Without scripts the picture and its words stay.

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

// Sheets have a width of their own, and all of them are laid out at once: while a page is printed, what
// moves stays as it stands, and what does not move yet stays a picture.
let printing = false;
const onPaper = () => printing || matchMedia("print").matches;

// The frames for the room there is: those for the column, or where its words would get small, for a phone.
const frames = ({ dataset, clientWidth }) =>
  dataset.phone && clientWidth < 0.8 * dataset.wide ? dataset.phone : dataset.explorer;
const rooms = new ResizeObserver((seen) => {
  for (const { target } of seen) if (!onPaper() && frames(target) !== target.dataset.shown) bring(target);
});

async function bring(figure) {
  const first = !figure.dataset.shown, file = (figure.dataset.shown = frames(figure));
  const word = figure.querySelector(".course-loads") ?? figure.appendChild(
    Object.assign(document.createElement("p"), { className: "course-loads" }));
  word.setAttribute("role", "status");
  const late = setTimeout(() => (word.textContent = "The sliders of this picture are on their way …"), 1500);
  try {
    const [{ replay }, answer] = await Promise.all([
      import(new URL(figure.dataset.live, document.baseURI)),
      fetch(file),
    ]);
    if (!answer.ok) throw new Error(`the answer was ${answer.status}`);
    // It stands on the page, unseen, while it is drawn: it asks whether the page is dark.
    const stage = figure.appendChild(document.createElement("div"));
    stage.hidden = true;
    try {
      await replay(stage, await answer.text());
    } catch (error) {
      stage.remove();
      throw error;
    }
    if (file !== figure.dataset.shown) return stage.remove();
    stage.hidden = false;
    figure.replaceChildren(stage);
    figure.dataset.moves = "true";
    figure.removeAttribute("tabindex");
    rooms.observe(figure);
    if (first && "plays" in figure.dataset && !CALM.matches) figure.querySelector(".course-run")?.click();
    dispatchEvent(new Event("course-moves"));
  } catch (error) {
    word.textContent = `The sliders of this picture could not be loaded (${error.message}). `;
    const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again" });
    again.addEventListener("click", () => (word.remove(), bring(figure)));
    word.append(again);
  } finally {
    clearTimeout(late);
  }
}

const near = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen)
      if (isIntersecting && !onPaper()) {
        near.unobserve(target);
        bring(target);
      }
  },
  { rootMargin: "600px" }
);
function watch() {
  near.disconnect(); // what is observed anew is asked at once whether it is near
  document.querySelectorAll("[data-explorer]:not([data-shown])").forEach((figure) => near.observe(figure));
}
watch();
matchMedia("print").addEventListener("change", watch);

// What scrolls sideways can be scrolled with the keyboard; an explorer has sliders for that. It is
// measured once it has been laid out, so that nothing is laid out in order to be measured.
function reach(box) {
  if (box.scrollWidth > box.clientWidth + 1 && !box.dataset.moves) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}
const sized = new ResizeObserver((seen) => seen.forEach(({ target }) => reach(target)));
for (const box of document.querySelectorAll("pre, .table-wrapper, .course-formula, .course-figure")) {
  sized.observe(box);
  box.addEventListener("contentvisibilityautostatechange", ({ skipped }) => skipped || reach(box));
}

// On paper a folded exercise keeps its hints to itself, but explorers show their light picture.
addEventListener("beforeprint", () => {
  printing = true;
  if (document.body.dataset.theme) document.body.dataset.screen = document.body.dataset.theme;
  document.body.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  printing = false;
  document.body.dataset.theme = document.body.dataset.screen ?? "auto";
  watch();
});

// What a term means, beside its link: by mouse and by keyboard, and Escape takes it away.
const bubble = Object.assign(document.createElement("div"), { className: "course-bubble", id: "course-bubble", hidden: true });
bubble.setAttribute("role", "tooltip");
let terms, shownFor;
async function explain(link) {
  terms ??= fetch(new URL("terms.json", import.meta.url)).then((answer) => answer.json()).catch(() => ({}));
  const words = (await terms)[link.hash.slice(1)];
  if (!words || !link.matches(":hover, :focus-visible")) return;
  if (!bubble.isConnected) document.body.append(bubble);
  bubble.innerHTML = words;
  bubble.hidden = false;
  shownFor = link;
  link.setAttribute("aria-describedby", bubble.id);
  const { left, bottom } = link.getBoundingClientRect();
  const most = document.documentElement.clientWidth - bubble.offsetWidth - 8;
  bubble.style.translate = `${Math.max(8, Math.min(left, most)) + scrollX}px ${bottom + scrollY}px`;
}
function hush() {
  bubble.hidden = true;
  shownFor?.removeAttribute("aria-describedby");
}
const away = () => setTimeout(() => bubble.matches(":hover") || shownFor?.matches(":hover, :focus-visible") || hush(), 150);
for (const link of document.querySelectorAll('article a[href*="glossary.html#"]')) {
  link.addEventListener("pointerenter", () => explain(link));
  link.addEventListener("focus", () => explain(link));
  for (const leaves of ["pointerleave", "blur"]) link.addEventListener(leaves, away);
}
bubble.addEventListener("pointerleave", away);
addEventListener("keydown", ({ key }) => key === "Escape" && hush());

// A picture that has moved moves again for who comes back to it.
if (!CALM.matches)
  for (const link of document.querySelectorAll("a:has(> picture)"))
    for (const comes of ["pointerenter", "focus"])
      link.addEventListener(comes, () => {
        const picture = link.querySelector("img");
        picture.src = `${picture.src.split("?")[0]}?${performance.now() | 0}`;
      });
