// Numbers as a person writes them: 3.9·10⁻⁵ and never 3.9e-05, a true minus, 245 760.

const POWERS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function written(text) {
  return text
    .replace(/(?<![\w.])(\d+(?:\.(\d+))?)[eE]([+-]?)0*(\d+)(?![\w.]*\d)/g, (all, digits, after = "", sign, power) => {
      const exponent = Number(`${sign}${power}`);
      // A few places to either side are read sooner in full.
      if (exponent >= -3 && exponent <= 4) return Number(all).toFixed(Math.max(after.length - exponent, 0));
      const ten = `10${[...String(exponent)].map((sign) => POWERS[sign]).join("")}`;
      return Number(digits) === 1 && !after ? ten : `${digits}·${ten}`;
    })
    .replace(/(^|[\s(\[=≈<>,:;±·/])-(?=\.?\d|inf)/g, "$1−")
    .replace(/(?<![\w.,])\d{5,}(?![\w.]*\w)/g, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, "\u202f"));
}

// Numbers without the zeros that end their decimals: 0.1 for 0.100, 14 for 14.0.
export const unpadded = (text) => text.replace(/(\.\d*[1-9])0+(?!\d)|\.0+(?!\d)/g, "$1");
