// The deck: fixed slides of 1280 by 720, made as large as the screen allows.

const CONTROLS = "input, select, button, .course-handle[tabindex]";
const FOOT = 676; // pixels of a slide, below which its number stands
const slides = document.querySelector(".slides");
const onPaper = /print-pdf/.test(location.search);

// On paper an explorer is its stored picture.
if (onPaper) document.querySelectorAll("[data-explorer]").forEach((figure) => delete figure.dataset.explorer);

// Pictures grow to the room that the words leave, or shrink to it; words keep their size.
function fit(slide) {
  if (!slide || slide.offsetParent === null) return;
  const figures = [...slide.querySelectorAll(".course-figure")];
  if (!figures.length) return;
  const narrow = figures.length === 1 && ratio(figures[0]) < 1.6 && slide.querySelector(".course-words");
  slide.classList.toggle("course-side", Boolean(narrow));
  const grow = (by) => figures.forEach((figure) => figure.style.setProperty("--grown", by));
  const unit = slide.getBoundingClientRect().width / slide.offsetWidth; // of the screen, for one of the slide
  const foot = slide.getBoundingClientRect().top + FOOT * unit;
  const room = slide.getBoundingClientRect().right - 40 * unit;
  const fits = (by) => {
    grow(by);
    return figures.every((figure) => {
      const { bottom, right } = figure.getBoundingClientRect();
      return bottom <= foot && right <= room && figure.scrollWidth <= figure.clientWidth + 1;
    });
  };
  let low = 0.4;
  let high = 2;
  grow(low);
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  grow(low);
}

// Width over height of a stored picture, or of the explorer in its place.
function ratio(figure) {
  const picture = figure.querySelector("img");
  if (picture) return picture.getAttribute("width") / picture.getAttribute("height");
  const [wide, tall] = figure.querySelector(".course-stage").style.aspectRatio.split("/").map(Number);
  return wide / tall;
}

// Light or dark as the system has it, until D is pressed; paper is white.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = (theme) => (document.body.dataset.theme = theme);
const asTheSystem = () => paint(dark.matches && !onPaper ? "dark" : "light");
asTheSystem();
dark.addEventListener("change", asTheSystem);
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
  fit(event.currentSlide);
});
Reveal.on("slidechanged", (event) => {
  document.activeElement?.blur();
  fit(event.currentSlide);
});
Reveal.on("pdf-ready", () => document.querySelectorAll(".slides section").forEach(fit));
new ResizeObserver(() => fit(Reveal.getCurrentSlide())).observe(slides);
addEventListener("course-moves", () => fit(Reveal.getCurrentSlide()));
Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  hash: true,
  slideNumber: "c/t",
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
  center: false,
  display: "flex",
  showNotes: false,
  pdfSeparateFragments: false,
  plugins: [RevealNotes],
  keyboardCondition: () => !document.activeElement?.matches(CONTROLS),
});
