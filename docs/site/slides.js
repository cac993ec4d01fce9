// The deck: fixed slides of 1280 by 720, made as large as the screen allows.

const deck = new Reveal(document.querySelector(".reveal"), {
  width: 1280,
  height: 720,
  margin: 0.02,
  hash: true,
  slideNumber: "c/t",
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
  center: false,
  // A slider that is focused takes the arrow keys for itself.
  keyboardCondition: () => !document.activeElement?.matches("input, select, button"),
});

// A slide with more on it than fits is made smaller, down to a size that can still be read; what
// is larger even then can be scrolled.
function fit(slide) {
  if (!slide) return;
  slide.style.zoom = 1;
  slide.style.height = "auto";
  const tall = slide.scrollHeight;
  const zoom = Math.max(Math.min(1, 700 / tall), 0.62);
  slide.style.zoom = zoom;
  slide.style.height = `${700 / zoom}px`;
  slide.classList.toggle("course-scrolls", tall * 0.62 > 700);
}
deck.on("ready", ({ currentSlide }) => fit(currentSlide));
deck.on("slidechanged", ({ currentSlide }) => fit(currentSlide));
new ResizeObserver(() => fit(deck.getCurrentSlide())).observe(document.querySelector(".slides"));
addEventListener("course-moves", () => fit(deck.getCurrentSlide()));
deck.initialize();
