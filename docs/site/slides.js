// The deck: fixed slides of 1280 by 720, made as large as the screen allows.

const CONTROLS = "input, select, button, [data-explorer] *";
const FOOT = 676; // pixels of a slide, below which its number stands
const slides = document.querySelector(".slides");
const onPaper = /print-pdf/.test(location.search);

// On paper an explorer is its stored picture, and no picture waits until it is near.
if (onPaper) {
  document.querySelectorAll("[data-explorer]").forEach((figure) => delete figure.dataset.explorer);
  document.querySelectorAll("img").forEach((picture) => (picture.loading = "eager"));
}

// Code that has a slide to itself is as large as the slide allows, from 24 pixels on.
function enlarge(slide) {
  const code = [...slide.querySelectorAll(".course-seen > pre")];
  const fits = (size) => {
    for (const pre of code) pre.style.fontSize = `${size}px`;
    return slide.scrollHeight <= slide.clientHeight && code.every((pre) => pre.scrollWidth <= pre.clientWidth);
  };
  let size = code.length ? 36 : 0;
  while (size > 24 && !fits(size)) size -= 1;
  if (size === 24) fits(size);
}

// Where a slide ends below and at the right, on the screen.
function ends(slide) {
  const { top, right, width } = slide.getBoundingClientRect();
  const unit = width / slide.offsetWidth; // of the screen, for one of the slide
  return [top + FOOT * unit, right - 40 * unit];
}

// Where words and an explorer's controls may stand, by the classes of the slide: above the picture, the
// words beside it, or both beside it, one below the other.
const PLACES = [[], ["course-side"], ["course-side", "course-under"]];

// Pictures grow to the room that the words leave, or shrink to it; words keep their size. They stand
// where they leave the picture most room.
function fit(slide) {
  if (!slide || slide.offsetParent === null) return;
  enlarge(slide);
  const figures = [...slide.querySelectorAll(".course-figure")];
  if (!figures.length) return;
  const words = slide.querySelector(".course-words"), explorer = slide.querySelector(".course-explorer");
  const controls = explorer?.querySelector(".course-controls");
  const grow = (by) => figures.forEach((figure) => figure.style.setProperty("--grown", by));
  const [foot, room] = ends(slide);
  const fits = (by) => {
    grow(by);
    if (words && words.getBoundingClientRect().bottom > foot) return false;
    return figures.every((figure) => {
      const { bottom, right } = figure.getBoundingClientRect();
      return bottom <= foot && right <= room && figure.scrollWidth <= figure.clientWidth + 1;
    });
  };
  const place = (names) => {
    for (const name of PLACES.at(-1)) slide.classList.toggle(name, names.includes(name));
    if (words) slide.style.setProperty("--words", `${words.offsetHeight}px`);
  };
  const largest = (names) => {
    place(names);
    // Beyond 1.45 the words of an explorer would be larger than those beside it.
    let [low, high] = [0.4, explorer ? 1.45 : 2];
    if (!fits(low)) return 0;
    while (high - low > 0.01) {
      const middle = (low + high) / 2;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    grow(low);
    return Math.max(...[...figures[0].querySelectorAll("img, .course-stage")].map((seen) => seen.getBoundingClientRect().width));
  };
  // Beside the words the controls of an explorer are larger, too: worth a tenth of the picture. Below
  // the words they are farther from it.
  const worth = [1, explorer ? 1.1 : 0.95, 1];
  const places = figures.length > 1 || !words ? 1 : controls?.childElementCount ? 3 : 2;
  const found = PLACES.slice(0, places).map((names, i) => largest(names) * worth[i]);
  largest(PLACES[found.lastIndexOf(Math.max(...found))]);
}

// Light or dark as the system has it, until D is pressed; paper is white.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = (theme) => (document.body.dataset.theme = theme);
const asTheSystem = () => paint(dark.matches && !onPaper ? "dark" : "light");
asTheSystem();
dark.addEventListener("change", asTheSystem);
const flip = () => paint(document.body.dataset.theme === "dark" ? "light" : "dark");

// A slider or a point that is focused takes keys for itself. The keys of a presenter's remote turn the
// slides all the same, and Escape gives the arrows back.
const busy = () => document.activeElement?.matches(CONTROLS);
addEventListener("keydown", (event) => {
  if (!busy() || !["PageDown", "PageUp", "Escape"].includes(event.key)) return;
  document.activeElement.blur();
  event.stopImmediatePropagation(); // a point would take a large step
  event.preventDefault();
  if (event.key === "PageDown") Reveal.next();
  if (event.key === "PageUp") Reveal.prev();
}, { capture: true });

Reveal.on("ready", (event) => {
  document.querySelector(".reveal").setAttribute("role", "main"); // to be read: it is no application
  Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, flip);
  fit(event.currentSlide);
});
Reveal.on("slidechanged", (event) => {
  document.activeElement?.blur();
  fit(event.currentSlide);
});
Reveal.on("pdf-ready", () => {
  document.querySelectorAll(".slides section").forEach(fit);
  document.body.dataset.sheets = "laid out"; // who prints it waits for this
});
new ResizeObserver(() => fit(Reveal.getCurrentSlide())).observe(slides);
// What an explorer says may take more lines later on: then its picture gives way.
const longer = new ResizeObserver(() => {
  const slide = Reveal.getCurrentSlide();
  const figure = slide?.querySelector(".course-figure");
  if (figure && figure.getBoundingClientRect().bottom > ends(slide)[0] + 1) fit(slide);
});
addEventListener("course-moves", () => {
  fit(Reveal.getCurrentSlide());
  document.querySelectorAll(".course-standing").forEach((words) => longer.observe(words));
});
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
  pdfMaxPagesPerSlide: 1, // a picture is fitted after the sheets are laid out
  plugins: [RevealNotes],
  keyboardCondition: () => !busy(),
});
