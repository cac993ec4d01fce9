// The deck: fixed slides of 1280 by 720, made as large as the screen allows.

const CONTROLS = "input, select, button, summary, .course-handle[tabindex]";
const ROOM = { width: 1216, height: 676 }; // of a slide, within its margins and above its foot
const slides = document.querySelector(".slides");

const height = (slide) => slide.getBoundingClientRect().height / Reveal.getScale();

// A slide is filled. Its pictures grow to the room there is; words alone grow a little. What is more
// than fits is made smaller, as long as it can be read, and what is more even then can be scrolled.
function fit(slide) {
  if (!slide) return;
  const figures = [...slide.querySelectorAll(".course-figure")].map((figure) => {
    const [wide, tall] = size(figure);
    const aside = figure.dataset.explorer && wide < 1.8 * tall; // its controls stand beside it
    figure.classList.toggle("course-aside", aside);
    const share = aside ? wide / (wide + 330) : figure.closest(".course-beside") ? 0.6 : 1;
    return { figure, most: (share * ROOM.width) / wide };
  });
  const grow = (by) => {
    for (const { figure, most } of figures) figure.style.setProperty("--grown", Math.min(by, most));
  };
  slide.style.height = "auto";
  slide.classList.remove("course-scrolls");
  const fits = (zoom, by) => {
    slide.style.zoom = zoom;
    grow(by);
    return height(slide) <= ROOM.height && slide.scrollWidth <= slide.clientWidth + 1;
  };
  const steps = (from, to, step) =>
    Array.from({ length: Math.round((from - to) / step) + 1 }, (_, i) => from - i * step);
  const found = figures.length
    ? steps(1.8, 0.9, 0.05).find((by) => fits(1, by)) || steps(0.99, 0.75, 0.01).find((zoom) => fits(zoom, 0.9))
    : steps(slide.querySelector("pre") ? 1.1 : 1.25, 0.75, 0.05).find((zoom) => fits(zoom, 1)); // code is wide
  slide.classList.toggle("course-scrolls", !found);
  slide.style.height = `${ROOM.height / (Number(slide.style.zoom) || 1)}px`;
}

// Of a stored picture or of the explorer in its place, as it was drawn.
function size(figure) {
  const picture = figure.querySelector("img");
  if (picture) return [picture.getAttribute("width"), picture.getAttribute("height")].map(Number);
  return figure.querySelector(".course-stage").style.aspectRatio.split("/").map(Number);
}

function turn({ currentSlide }) {
  fit(currentSlide);
  const heading = currentSlide?.parentElement.querySelector("h1, h2");
  const own = currentSlide?.querySelector("h1, h2");
  document.querySelector(".course-where").textContent = own || !heading ? "" : heading.textContent;
}

// Light or dark as the system has it, until D is pressed.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = (theme) => (document.body.dataset.theme = theme);
paint(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => paint(dark.matches ? "dark" : "light"));
const flip = () => paint(document.body.dataset.theme === "dark" ? "light" : "dark");

// A slider or a point that is focused takes the arrow keys for itself. The keys of a presenter's
// remote turn the slides all the same, and Escape gives the arrows back.
addEventListener("keydown", (event) => {
  const busy = document.activeElement?.matches(CONTROLS);
  if (!busy || !["PageDown", "PageUp", "Escape"].includes(event.key)) return;
  document.activeElement.blur();
  if (event.key === "Escape") event.stopPropagation();
}, { capture: true });

Reveal.on("ready", (event) => {
  Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, flip);
  turn(event);
});
Reveal.on("slidechanged", (event) => {
  document.activeElement?.blur();
  turn(event);
});
new ResizeObserver(() => fit(Reveal.getCurrentSlide())).observe(slides);
addEventListener("course-moves", () => fit(Reveal.getCurrentSlide()));
slides.addEventListener("toggle", () => fit(Reveal.getCurrentSlide()), { capture: true });
Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  hash: true,
  slideNumber: "c/t",
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
  center: false,
  keyboardCondition: () => !document.activeElement?.matches(CONTROLS),
});
