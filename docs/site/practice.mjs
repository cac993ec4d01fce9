// Predictions and exercises with no Python. The tables beside them come from practice.py: what is said
// to each option, and for numbers the right and wrong ones with their tolerances or ranges.

// A large number with its digits in groups: 203,540 and 203 540, not 2,735 nor 0,285.
const group = String.raw`[ ,_\u00a0\u202f]\d{3}`;
const grouped = new RegExp(
  String.raw`(?<![\p{L}\p{N}_.,])(?:[1-9]\d{1,2}${group}|[1-9]\d{0,2}(?:${group}){2,})(?![\d.,])`, "gu");

// The numbers in what a reader wrote, as numbers_in of course_lib.exercises.answers reads them.
export function numbersIn(text, percent = false) {
  let plain = text.replace(/[−–]/g, "-");
  if (!/[[\]()]/.test(plain)) plain = plain.replace(grouped, (number) => number.replace(/\D/g, ""));
  if (plain.split(",").length === 2 && !/[.[\]()]/.test(plain)) plain = plain.replace(/(\d),(?=\d)/, "$1.");
  const number = String.raw`[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?(?![\p{L}\p{N}_])`;
  const root = new RegExp(
    String.raw`(?:(${number})?\s*[·*]?\s*)?(?<![a-z])(?:(?:np|math)\.)?(?:√|sqrt)\s*\(?\s*(${number})\s*\)?`, "gu");
  plain = plain.replace(root, (found, times, inside) =>
    Number(inside) < 0 ? found : String(Number(times ?? 1) * Math.sqrt(Number(inside))));
  const written = new RegExp(
    String.raw`(?<![\p{L}\p{N}_.])(${number})(?:\s*(/|\^|\*\*)\s*(${number}))?\s*(%|percent(?![\p{L}\p{N}_]))?`, "giu");
  return [...plain.matchAll(written)].map(([, upper, between, lower, sign]) => {
    let value = Number(upper);
    if (between === "/") value = Number(lower) ? value / Number(lower) : NaN;
    else if (between) value **= Number(lower);
    return sign && !percent ? value / 100 : value;
  });
}

// A number as Python's format "g" with so many digits writes it, but a large whole one in full.
export function shown(value, digits = 6) {
  if (Number.isInteger(value) && Math.abs(value) >= 1e6 && Math.abs(value) < 1e15) return `${value}`;
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const at = Number(power);
  if (at < -4 || at >= digits)
    return `${trimmed(mantissa)}e${at < 0 ? "-" : "+"}${String(Math.abs(at)).padStart(2, "0")}`;
  return trimmed(value.toFixed(Math.max(0, digits - 1 - at)));
}

const all = (values) => (values.length === 1 ? shown(values[0]) : `[${values.map((v) => shown(v)).join(", ")}]`);

// What is said to numbers, as Exercise.check says it.
export function judge(about, values) {
  const agrees = ({ at, ranges }) => at
    ? values.every((value, i) => Math.abs(value - at[i]) <= about.tolerance)
    : ranges.some(([low, high]) => values[0] >= low && values[0] <= high);
  const [right, ...wrong] = about.checks;
  if (agrees(right)) return about.right;
  const known = wrong.find(agrees);
  if (known) return known.said;
  const early = rounded(about, right, values);
  if (early) return about.rounded.replace("{rounded}", () => early);
  const meant = wrong.find(({ at }) => at && resembles(values, at));
  return meant ? meant.said : about.otherwise.replace("{differs}", () => differs(about, right, values));
}

// To so many decimals, a half to the even side, as numpy rounds.
function round(value, decimals) {
  const scaled = value * 10 ** decimals, low = Math.floor(scaled), rest = scaled - low;
  return (rest > 0.5 || (rest === 0.5 && low % 2) ? low + 1 : low) / 10 ** decimals;
}

// Whether a wrong answer was meant that is known, rounded to two digits or more.
function resembles(values, wrong) {
  const least = Math.min(...wrong.filter(Boolean).map(Math.abs));
  return [1, 2, 3, 4, 5, 6].some((decimals) => Number.isFinite(least) && least * 10 ** decimals >= 10 &&
    values.every((value, i) => Math.abs(value - round(wrong[i], decimals)) <= 1e-12));
}

function rounded(about, right, values) {
  if (right.at) {
    const off = values.map((value, i) => Math.abs(value - right.at[i]));
    for (let decimals = 1; decimals < about.decimals; decimals++) {
      const near = off.every((o) => o <= about.tolerance || o <= 0.5001 * 10 ** -decimals);
      const short = values.every((v) => Math.abs(v - Number(v.toFixed(decimals))) <= 1e-12);
      if (!near || !short) continue;
      const coarse = values.filter((_, i) => off[i] > about.tolerance).map((v) => shown(v));
      return `Right so far, but ${coarse.join(" and ")} ${coarse.length > 1 ? "are" : "is"} rounded too early: ` +
        `give ${about.decimals} decimals.`;
    }
  }
  return "";
}

function differs(about, right, values) {
  if (right.at) {
    const off = values.map((value, i) => Math.abs(value - right.at[i]));
    const wrong = off.flatMap((o, i) => (o > about.tolerance ? [i + 1] : []));
    if (values.length > 1 && wrong.length < values.length)
      return `${wrong.length > 1 ? "Entries" : "Entry"} ${wrong.join(" and ")} of ${all(values)} ` +
        `${wrong.length > 1 ? "are" : "is"} not right; the rest is.`;
  }
  return `${all(values)} is not it.`;
}

// What a reveal says to a number, as Prediction.reveal says it.
export function revealed(about, text) {
  const found = numbersIn(text, about.percent);
  if (found.length !== 1) return about.words.replace("no number at all", () => escaped(text.slice(0, 60)));
  const off = Math.abs(found[0] - about.happens);
  if (off <= about.tolerance) return about.right;
  const guess = shown(found[0], 4).replace("-", "−");
  return (off <= about.close ? about.near : about.off).replace("{guess}", () => guess);
}

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const table = (place) => JSON.parse(place.querySelector('script[type="application/json"]').textContent);

function say(place, words) {
  const row = Object.assign(document.createElement("div"), { innerHTML: words });
  place.querySelector(".course-answer")?.remove();
  row.className = "course-answer";
  place.append(row);
}

function predictions(root) {
  for (const place of root.querySelectorAll("[data-reveal]")) {
    const about = table(place), folded = place.querySelector("details");
    const fields = [...root.querySelectorAll(`input[name="predict-${CSS.escape(place.dataset.reveal)}"]`)];
    const look = () => {
      const chosen = fields.find((field) => field.type === "text" || field.checked);
      const text = chosen?.type === "text" ? chosen.value : chosen?.closest("label").textContent.trim();
      folded.hidden = Boolean(text?.trim());
      if (!folded.hidden) place.querySelector(".course-answer")?.remove();
      else say(place, about.options ? about.options[text] : revealed(about, text));
    };
    for (const field of fields) field.addEventListener("change", look);
    look(); // a page that comes back keeps what was chosen
  }
}

function exercises(root) {
  for (const form of root.querySelectorAll("form[data-exercise]")) {
    const about = table(form), place = form.querySelector("[role=status]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = [...form.querySelectorAll("input, textarea")];
      if (about.letters) {
        const chosen = fields.find((field) => field.checked);
        return say(place, chosen ? about.said[chosen.value] : about.empty);
      }
      const texts = fields.map((field) => field.value.trim());
      if (texts.every((text) => !text)) return say(place, about.empty);
      if (about.least) return say(place, texts[0].split(/\s+/).length < about.least ? about.short : about.right);
      const values = texts.map((text) => numbersIn(text, about.percent));
      const odd = texts.find((_, i) => values[i].length !== 1 || !Number.isFinite(values[i][0]));
      say(place, odd === undefined
        ? judge(about, values.flat())
        : about.malformed.replace("{given}", () => `the text "${escaped(odd.slice(0, 60))}"`));
    });
  }
}

if (globalThis.document) {
  predictions(document);
  exercises(document);
}
