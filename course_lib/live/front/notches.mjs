// Where a slider can stand, and what a person who types a number means.

// The places of a control: where it can stand, by number, and which of them are next. Null for one whose
// places nobody could count: a text, a color, a range.
export function ruler(control) {
  const entries = control.get("_options_labels"), kind = control.get("_model_name");
  if (entries) return Number.isInteger(control.get("index")) ? list(() => control.get("_options_labels").length) : null;
  if (typeof control.get("value") === "boolean") return list(() => 2, Boolean);
  return /^((Float|FloatLog|Int)Slider|Bounded(Float|Int)Text)Model$/.test(kind) && control.get("step") ? notched(control) : null;
}

// A list is gone through from where it stands; a checkbox has two places.
function list(count, value = Number) {
  const around = function* (here) {
    for (const place of nearestFirst(Number(here), count() - 1)) yield value(place);
  };
  return { slides: false, notch: Number, around };
}

function notched(slider) {
  const base = slider.get("_model_name") === "FloatLogSliderModel" && slider.get("base");
  const at = (value) => ((base ? Math.log(value) / Math.log(base) : value) - slider.get("min")) / slider.get("step");
  const value = (notch) => {
    const plain = Number((slider.get("min") + notch * slider.get("step")).toPrecision(13));
    return base ? Math.pow(base, plain) : plain;
  };
  // A value between two notches is a place of its own.
  const notch = (value) => (Math.abs(at(value) - Math.round(at(value))) < 1e-3 ? Math.round(at(value)) : `${value}`);
  // All notches, those first that a hand comes to that will be `ahead` of here.
  function* around(here, ahead = 0) {
    const last = Math.floor((slider.get("max") - slider.get("min")) / slider.get("step") + 1e-6);
    const from = Math.round(at(here));
    for (let next = from + ahead; ahead && next >= 0 && next <= last; next += Math.sign(ahead)) yield value(next);
    for (const place of nearestFirst(from, last)) yield value(place);
  }
  // Those that were passed on the way to here, the nearest first.
  function* back(here, way) {
    const from = Math.round(at(here));
    for (let far = 1; far <= Math.abs(way); far++) yield value(from - far * Math.sign(way));
  }
  return { slides: true, notch, around, back };
}

// The notch at a part of a slider's length.
export function atPart(slider, part) {
  const [min, max, step, base] = ["min", "max", "step", "base"].map((name) => slider.get(name));
  const plain = Number((min + Math.round((part * (max - min)) / step) * step).toPrecision(13));
  return base ? base ** Math.min(plain, max) : Math.min(plain, max);
}

function* nearestFirst(here, last) {
  for (let far = 0; far <= Math.min(last, 300); far++)
    for (const next of far ? [here + far, here - far] : [here])
      if (next >= 0 && next <= last) yield next;
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const lowered = (power) => [...power].map((sign) => (sign === "⁻" ? "-" : RAISED.indexOf(sign))).join("");

// The number that a person means: 0,05 and 1/20 and 5e-2 are the same; null where it is none.
export function numberOf(text) {
  const plain = text.trim().replace(/[\u202f\u00a0]/g, "").replace(/[−–]/g, "-").replace(",", ".")
    .replace(/^(-?)10(?=[⁻⁰¹²³⁴-⁹])/, "$11·10").replace(/·10([⁻⁰¹²³⁴-⁹]+)$/, (_, power) => `e${lowered(power)}`);
  const [whole, below = "1", ...more] = plain.split("/").map((part) => part.trim());
  const numbers = [whole, below].map((part) => (part === "" ? NaN : Number(part)));
  const value = numbers[0] / numbers[1];
  return more.length || !Number.isFinite(value) ? null : value;
}

// What a person who types beside a slider sets it to, a number or both ends of a range, no further than
// its ends: exactly the number that was typed. Null where that is none.
export function typed(slider, text) {
  const range = Array.isArray(slider.get("value"));
  const parts = range ? text.split(/(?<=\d\.?)\s*[-–:;]\s*|\s*\bto\b\s*/) : [text];
  const numbers = parts.map(numberOf);
  if (numbers.includes(null) || numbers.length !== (range ? 2 : 1)) return null;
  const base = slider.get("base");
  const [low, high] = ["min", "max"].map((end) => (base ? base ** slider.get(end) : slider.get(end)));
  const whole = slider.get("_model_name").startsWith("Int");
  const inside = numbers.map((number) => Math.min(Math.max(whole ? Math.round(number) : number, low), high));
  return range ? inside.sort((a, b) => a - b) : inside[0];
}
