"""Formulas as MathML, which browsers draw with no script, and the Markdown around them."""

import re
from typing import Any

import latex2mathml.converter
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

# A sign after an opening bracket, a comma or another operator is no subtraction.
SIGN = re.compile(r"(<mo[^>]*>&#x000(?:28|2C|2F|3D|5B|B7);</mo>)<mo>&#x02212;</mo>")

# The name of a function is no operator: thin spaces hold it apart, but none before a bracket.
FUNCTION = re.compile(
    r"(</(?:mi|mn|msub|msup|mover)>)?(?<!<msub>)<m[io]>([a-z]{2,})</m[io]>(<mo[ >]|</)?"
)
# Fonts for mathematics have a prime that is raised already: as a script it would rise twice.
PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>(&#x0203[2-4];)</mi></msup>")
THIN = '<mspace width="0.167em" />'


def named(match: re.Match) -> str:
    """Return the name of a function with what stands before and behind it."""
    before, name, behind = match.groups()
    return f"{before + THIN if before else ''}<mi>{name}</mi>{behind or THIN}"


def mathml(source: str, display: str = "inline") -> str:
    """Return a formula as MathML, in a line of text or, with "block", in one of its own."""
    # The converter has only the other name; the style sheet sets such columns apart.
    known = source.replace("{aligned}", "{align*}").replace(r"&\qquad", "&")
    formula = latex2mathml.converter.convert(known, display=display)
    formula = FUNCTION.sub(named, formula)
    formula = PRIME.sub(r'\1<mo lspace="0" rspace="0">\2</mo>', formula)
    return SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', formula)


def markdown(**options: Any) -> MarkdownIt:
    """Return what turns Markdown with formulas into HTML."""

    def formula(content: str, about: dict) -> str:
        return mathml(content, "block" if about["display_mode"] else "inline")

    made = MarkdownIt("commonmark", {"html": True, **options}).enable("table")
    return made.use(dollarmath_plugin, renderer=formula, double_inline=True)
