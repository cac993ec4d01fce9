// Brings a stored picture to life when the reader comes near it: fetches its frames and live.js,
// both from this site. Without scripts, or where something fails, the picture and its words stay.

async function bring(figure) {
  try {
    const [{ replay }, answer] = await Promise.all([
      import(new URL(figure.dataset.live, document.baseURI)),
      fetch(figure.dataset.explorer),
    ]);
    if (!answer.ok) return;
    const stage = document.createElement("div");
    await replay(stage, await answer.text());
    figure.replaceChildren(stage);
    figure.dataset.moves = "true";
    dispatchEvent(new Event("course-moves"));
  } catch (error) {
    console.warn("This explorer stays a picture.", error);
  }
}

const near = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen)
      if (isIntersecting) {
        near.unobserve(target);
        bring(target);
      }
  },
  { rootMargin: "600px" }
);
document.querySelectorAll("[data-explorer]").forEach((figure) => near.observe(figure));

// What scrolls sideways can be scrolled with the keyboard.
for (const box of document.querySelectorAll("pre, .table-wrapper, .course-formula"))
  if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
