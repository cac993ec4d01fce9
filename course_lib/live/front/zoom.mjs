// The picture seen closer: Ctrl and the wheel, + and −, a drag or the arrows move it, 0 or a double click shows all.

const MOST = 8; // times as large

export function clamped({ k, x, y }, wide, tall) {
  const by = Math.min(Math.max(k, 1), MOST);
  return { k: by, x: Math.min(Math.max(x, wide * (1 - by)), 0), y: Math.min(Math.max(y, tall * (1 - by)), 0) };
}

// Closer by a factor, the place under the pointer staying where it is.
export function closer({ k, x, y }, factor, [left, top], wide, tall) {
  const to = Math.min(Math.max(k * factor, 1), MOST);
  return clamped({ k: to, x: left - ((left - x) * to) / k, y: top - ((top - y) * to) / k }, wide, tall);
}

export function zoomable(page, { signal, tell, rested = () => {} }) {
  const { stage, sheet, canvas } = page;
  let at = { k: 1, x: 0, y: 0 }, rest = 0, from = null;
  const size = () => [stage.clientWidth, stage.clientHeight];
  function show(next, say) {
    if (next.k < 1.02) next = { k: 1, x: 0, y: 0 };
    const other = next.k !== at.k;
    at = next;
    sheet.style.transform = at.k > 1 ? `translate(${at.x}px, ${at.y}px) scale(${at.k})` : "";
    sheet.style.setProperty("--course-zoom", at.k);
    stage.classList.toggle("course-zoomed", at.k > 1);
    if (at.k > 1) stage.tabIndex = 0; // the arrows move it
    else stage.removeAttribute("tabindex");
    if (say) tell(at.k > 1 ? `Seen at ${Math.round(100 * at.k)} %.` : "The whole picture.");
    clearTimeout(rest);
    if (other) rest = setTimeout(() => rested(at.k), 300); // by then sharp
  }
  const by = (factor, say, place = size().map((side) => side / 2)) => show(closer(at, factor, place, ...size()), say);
  const whole = () => at.k > 1 && show({ k: 1, x: 0, y: 0 }, true);
  const move = (x, y) => show(clamped({ ...at, x: at.x + x, y: at.y + y }, ...size()));

  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = stage.getBoundingClientRect();
    by(Math.exp(-event.deltaY / 400), true, [event.clientX - left, event.clientY - top]);
  }, { signal, passive: false });
  canvas.addEventListener("dblclick", whole, { signal });
  canvas.addEventListener("pointerdown", (event) => {
    if (at.k === 1 || event.button) return;
    from = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  }, { signal });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    move(event.clientX - from[0], event.clientY - from[1]);
    from = [event.clientX, event.clientY];
  }, { signal, passive: true });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (from = null), { signal });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event, pan = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
    if (key === "+" || key === "=") by(1.25, true);
    else if (key === "-" || key === "−") by(0.8, true);
    else if (key === "0" && at.k > 1) whole();
    else if (pan && event.target === stage) move(...size().map((side, i) => (pan[i] * side) / 10));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  signal.addEventListener?.("abort", () => clearTimeout(rest));
  return { closer: () => by(1.25, true), farther: () => by(0.8, true), times: () => at.k };
}
