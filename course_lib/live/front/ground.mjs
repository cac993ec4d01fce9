// The page below a picture: its color, and whether it is dark.

let printing = false; // between two events, though the query does not match yet, or no more

// Red, green and blue of the nearest color below an element; null where it is light, and pictures are drawn
// as for white.
// Paper is white.
export function darkGround(el) {
  if (printing || matchMedia("print").matches) return null;
  for (let at = el.isConnected ? el : document.body; at; at = at.parentElement) {
    const [red, green, blue, opacity = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) || []).map(Number);
    if (!(opacity > 0.5)) continue;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110 ? [red, green, blue] : null;
  }
  return null;
}

// Calls back when the page may have changed its colors, once these have settled.
export function onTheme(then, signal) {
  let settled = 0;
  const soon = () => {
    clearTimeout(settled);
    settled = setTimeout(then, 60);
  };
  const watch = new MutationObserver(soon);
  const attributeFilter = ["class", "style", "data-theme", "data-jp-theme-name", "data-jp-theme-light", "data-vscode-theme-kind"];
  for (const el of [document.documentElement, document.body]) watch.observe(el, { attributes: true, attributeFilter });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", soon, { signal });
  // What is printed is what stands there as the event ends.
  for (const kind of ["beforeprint", "afterprint"])
    addEventListener(kind, () => [printing = kind === "beforeprint", then()], { signal });
  matchMedia("print").addEventListener("change", then, { signal });
  signal.addEventListener("abort", () => [watch.disconnect(), clearTimeout(settled)]);
}
