// A short list as a row of buttons of which one is pressed: radio buttons, so that arrows go along it.

// Whether all that can be chosen is seen at once, and whether it takes two columns.
export function isShort(words) {
  return words.length > 1 && words.length <= 5 && width(words) <= 48;
}
export const isWide = (words) => width(words) > 32;
const width = (words) => words.join("").length + 3 * words.length;

// Buttons of one name exclude each other on the whole page, and each explorer has these lines for itself.
const apart = () => `course-segments-${Math.random().toString(36).slice(2)}`;

// Returns the row, and what sets it; `choose` hears of the reader's choice.
export function segments(words, label, choose, signal) {
  const row = document.createElement("span"), group = apart();
  row.className = "course-segments";
  row.setAttribute("role", "radiogroup");
  row.setAttribute("aria-label", label);
  const buttons = words.map((word, i) => {
    const part = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "radio", name: group, value: i });
    input.addEventListener("change", () => choose(i), { signal });
    part.append(input, Object.assign(document.createElement("span"), { textContent: word }));
    row.append(part);
    return input;
  });
  row.addEventListener("keydown", (event) => {
    const to = { Home: buttons[0], End: buttons.at(-1) }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    to.focus();
    if (!to.checked) to.click();
  }, { signal });
  return { row, set: (at) => buttons.forEach((input, i) => (input.checked = i === at)) };
}

// Puts such a row in place of a drop-down list of ipywidgets.
export function segmented(el, list, signal) {
  const select = el.querySelector("select"), words = list.get("_options_labels");
  if (!select || !isShort(words) || el.querySelector(".course-segments")) return;
  const tell = (at) => {
    list.set("index", at);
    list.save_changes();
  };
  const { row, set } = segments(words, list.get("description"), tell, signal);
  const here = () => set(list.get("index"));
  select.hidden = true;
  el.classList.toggle("course-wide", isWide(words));
  el.append(row);
  list.on("change:index", here);
  signal.addEventListener("abort", () => [list.off("change:index", here), row.remove(), (select.hidden = false)]);
  here();
}
