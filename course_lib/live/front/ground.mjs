// The page below a picture: its color, and whether it is dark.

// Red, green and blue of the nearest color below an element; null where it is light, and pictures are drawn
// as for white.
export function darkGround(el) {
  for (let at = el; at; at = at.parentElement) {
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
  signal.addEventListener("abort", () => [watch.disconnect(), clearTimeout(settled)]);
}
