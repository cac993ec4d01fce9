"""Formulas as MathML, which browsers draw with no script."""

import re

import latex2mathml.converter

# A sign after an opening bracket, a comma or another operator is no subtraction.
SIGN = re.compile(r"(<mo[^>]*>&#x000(?:28|2C|2F|3D|5B|B7);</mo>)<mo>&#x02212;</mo>")


def mathml(source: str, display: str = "inline") -> str:
    """Return a formula as MathML, in a line of text or, with "block", in one of its own."""
    # The converter has only the other name; the style sheet sets such columns apart.
    known = source.replace("{aligned}", "{align*}").replace(r"&\qquad", "&")
    formula = latex2mathml.converter.convert(known, display=display)
    return SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', formula)
