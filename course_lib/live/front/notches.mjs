// Where a slider can stand, and what a person who types a number means.

// The notches of a slider: where it can stand, and which of them is next.
export function ruler(slider) {
  const kind = slider.get("_model_name");
  if (!["FloatSliderModel", "FloatLogSliderModel", "IntSliderModel"].includes(kind)) return null;
  const base = kind === "FloatLogSliderModel" && slider.get("base");
  const at = (value) => ((base ? Math.log(value) / Math.log(base) : value) - slider.get("min")) / slider.get("step");
  const value = (notch) => {
    const plain = Number((slider.get("min") + notch * slider.get("step")).toPrecision(13));
    return base ? Math.pow(base, plain) : plain;
  };
  // A value between two notches is a place of its own.
  const notch = (value) => (Math.abs(at(value) - Math.round(at(value))) < 1e-3 ? Math.round(at(value)) : `${value}`);
  function* around(value_now) {
    const last = Math.floor((slider.get("max") - slider.get("min")) / slider.get("step") + 1e-6);
    const here = Math.round(at(value_now));
    for (let far = 0; far <= Math.min(last, 300); far++)
      for (const next of far ? [here + far, here - far] : [here])
        if (next >= 0 && next <= last) yield value(next);
  }
  return { notch, around };
}

// The number that a person means: 0,05 and 1/20 and 5e-2 are the same; null where it is none.
export function numberOf(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(",", ".");
  const [whole, below = "1", ...more] = plain.split("/").map((part) => part.trim());
  const numbers = [whole, below].map((part) => (part === "" ? NaN : Number(part)));
  const value = numbers[0] / numbers[1];
  return more.length || !Number.isFinite(value) ? null : value;
}
