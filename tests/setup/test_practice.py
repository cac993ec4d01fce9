"""Predictions and exercises of the website: with no Python they say what Python says."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_lib.exercises import every
from course_lib.exercises.answers import Function, Numbers, numbers_in
from course_lib.exercises.predictions import Prediction

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))
pytest.importorskip("markdown_it")
import practice  # noqa: E402

ANSWERS = [runpy.run_path(str(path)) for path in sorted(ROOT.glob("tests/exercises/answers/*.py"))]
# These are judged by walks of 20 000 steps; their borders are found with fewer trials here.
SLOW = {"3.6", "6.7"}
RUN = """
import { readFileSync } from "node:fs";
const { judge, numbersIn, revealed } = await import(process.argv[2]);
const { judged, read, told } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({
  judged: judged.map(([about, values]) => judge(about, values)),
  read: read.map(([text, percent]) => numbersIn(text, percent)),
  told: told.map(([about, text]) => revealed(about, text)),
}));
"""
TEXTS = (
    "2.73",
    "about 0,5",
    "−6",
    ".5",
    "1e-3",
    "1/3",
    "33%",
    "33 percent",
    "[26, −6]",
    "x1 is 4",
    "2^7",
    "2 ** 9 or 0.5**2",
    "√2",
    "2√3",
    "1/√2",
    "sqrt(2)",
    "math.sqrt(2), or 1.5 · √ 4",
    "√(-4)",
    "[√2, np.sqrt(9)]",
    "the √ of 2",
    "6x",
    "1/0",
    "2,5 or 3",
    "203,540",
    "203 540 passes",
    "2,735",
    "1,234,567",
    "0,285",
    "none",
    "1.5.2",
    "α = 0.15",
)


def in_node(**cases) -> dict:
    node = shutil.which("node")
    if not node:
        pytest.skip("Node.js is not installed")
    given = {"judged": [], "read": [], "told": []} | cases
    done = subprocess.run(
        [node, "--input-type=module", "-e", RUN, "-", str(ROOT / "docs/site/practice.mjs")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tried(exercise) -> list[list[float]]:
    """Return numbers that a reader may give: of the tests, the mistakes, and others near them."""
    given = [table["RIGHT"].get(exercise.number) for table in ANSWERS]
    given += [
        answer for table in ANSWERS for n, answer, *_ in table["WRONG"] if n == exercise.number
    ]
    given += [wrong for wrong, _ in exercise.mistakes] + [exercise.right]
    found = []
    for answer in given:
        try:
            found.append(np.ravel(exercise.answer.read(answer)))
        except Exception:
            continue
    for value in list(found):
        for decimals in (1, 2, 3):
            found.append(np.round(value, decimals))
        found += [value * 1.01, value + 1]
    found += [np.full(exercise.answer.shape, x).ravel() for x in (0, 0.03, 0.5, 1, 7.25, -2)]
    return [value.tolist() for value in found]


def test_every_exercise_is_judged_on_the_page_as_by_python():
    cases, expected = [], []
    for exercise in every():
        if not isinstance(exercise.answer, Numbers) or exercise.number in SLOW:
            continue
        about = practice.judged(exercise)
        if about is None:
            continue
        for values in tried(exercise):
            verdict, message = exercise._judge(values[0] if not exercise.answer.shape else values)
            head = {"right": "Right.", "wrong": "Not yet."}[verdict]
            cases.append((about, values))
            expected.append((exercise.number, values, practice.note(message, head, verdict)))
    assert len(cases) > 300
    for (number, values, words), said in zip(
        expected, in_node(judged=cases)["judged"], strict=True
    ):
        assert said == words, f"exercise {number}, {values}"


def test_numbers_are_read_on_the_page_as_by_python():
    pairs = [(text, percent) for text in TEXTS for percent in (False, True)]
    said = in_node(read=pairs)["read"]
    for (text, percent), found in zip(pairs, said, strict=True):
        found = [np.nan if x is None else x for x in found]
        assert np.array_equal(found, numbers_in(text, percent), equal_nan=True), text


def test_a_prediction_is_revealed_on_the_page_as_by_python():
    asked = Prediction(
        "9.a", "How many?", lambda x: 40 * x, "Because <of> it.", tolerance=1, close=5, unit="%"
    )
    table = practice.outcomes(asked, (1,))
    texts = ("40", "41 %", "44", "about 36", "60", "-3", "nothing", "3 or 4")
    said = in_node(told=[(table, text) for text in texts])["told"]
    for text, words in zip(texts, said, strict=True):
        asked._control = type("Control", (), {"value": text})
        assert words == asked.reveal(1)._repr_html_(), text
    choice = Prediction("9.b", "Which?", lambda x: x, lambda x: f"It is {x}.", ("a & b", "c"))
    table = practice.outcomes(choice, ("c",))["options"]
    for option in choice.options:
        choice._control = type("Control", (), {"value": option})
        assert table[option] == choice.reveal("c")._repr_html_()


def test_choices_sentences_and_code_have_their_places():
    kinds = {}
    for exercise in every():
        if exercise.number in SLOW:
            continue
        shown = practice.form(exercise, '<a href="x">run this page</a>')
        code = isinstance(exercise.answer, Function)
        assert ("run this page" in shown) == (code or "<form" not in shown), exercise.number
        kind = type(exercise.answer).__name__
        kinds[kind] = kinds.get(kind, 0) + ("<form" in shown)
    assert kinds["Choice"] > 4
    assert kinds["Sentence"] > 4
    assert kinds["Numbers"] > 15
