"""Formulas of the website and the slides: MathML as a mathematician sets it."""

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("latex2mathml")
sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
import pages
from formulas import THIN, mathml


@pytest.mark.parametrize("source", [r"\ln 10", r"\cos\theta", r"\operatorname{tr} C"])
def test_a_function_stands_apart_from_its_argument(source):
    assert f"</mi>{THIN}<m" in mathml(source)


@pytest.mark.parametrize("source", [r"\ln(10)", r"\max(0, z)", r"\operatorname{relu}(x)"])
def test_a_function_stands_close_to_its_bracket_and_is_no_operator(source):
    assert '</mi><mo stretchy="false">&#x00028;' in mathml(source)


def test_a_factor_stands_apart_from_the_function_behind_it():
    assert mathml(r"y \ln \hat y").count(THIN) == 2


def test_a_minus_at_the_beginning_is_a_sign():
    assert '<mo form="prefix">&#x02212;</mo>' in mathml(r"(-1, 2)")
    assert '<mo form="prefix">' not in mathml("a - b")


@pytest.mark.parametrize(("marks", "prime"), [("'", 2), ("''", 3), ("'" * 3, 4)])
def test_a_prime_is_no_script_because_its_glyph_is_raised(marks, prime):
    made = mathml(f"L{marks}(w)")
    assert f'<mi>L</mi><mo lspace="0" rspace="0">&#x0203{prime};</mo>' in made
    assert "<msup>" not in made


def test_the_note_of_a_term_shows_no_mark_of_markdown_and_no_latex():
    for term, note in pages.meanings().items():
        assert not re.search(r"[$*\\]", note), (term, note)
