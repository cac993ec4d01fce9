"""The pages beside the lectures: the guide to explorers runs, the glossary is whole, links lead on.

A notebook in docs/ keeps to the rules of every notebook, so they are taken from `test_notebooks`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import random
import re
import runpy
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import books
import nbformat
import pytest
import test_notebooks as rules
from test_explorers import anywhere

import course_lib

ROOT = Path(__file__).parents[2]
GUIDES = sorted(ROOT.glob("docs/*.ipynb"))
BOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *GUIDES])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
GLOSSARY = ROOT / "docs" / "glossary.md"
START = books.START
EXPLORERS = ROOT / "docs" / "write_your_own_explorer.ipynb"

# Every reader leaves with these. A term may bring other names, which its entry mentions.
TERMS = {
    "adaptive method": [],
    "automatic differentiation": [],
    "backpropagation": [],
    "batch": [],
    "bias": [],
    "convergence": [],
    "divergence": [],
    "epoch": [],
    "forward pass": [],
    "global minimum": [],
    "gradient": [],
    "gradient descent": ["Cauchy", "1847"],
    "hyper-parameter": [],
    "initialization": [],
    "kernel": ["weights"],
    "learning rate": ["step size"],
    "local minimum": [],
    "loss function": [],
    "mini-batch": [],
    "model gradients": [],
    "momentum": [],
    "nesterov momentum": [],
    "parameter": [],
    "saddle point": [],
    "schedule": ["decay", "annealing"],
    "stochastic gradient descent": ["SGD"],
    "training loop": [],
    "validation": [],
}


def of_every_notebook(argument):
    """Return the tests of test_notebooks that look at one notebook alone."""
    return [
        test
        for name, test in vars(rules).items()
        if name.startswith("test_") and list(inspect.signature(test).parameters) == [argument]
    ]


def entries():
    """Return the glossary as a dictionary from the term to what is said about it."""
    parts = re.split(r"(?m)^## (.+)$", GLOSSARY.read_text(encoding="utf-8"))[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


# ------------------------------------------------------------------------------------- the guides


@pytest.mark.parametrize("rule", of_every_notebook("notebook"), ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", GUIDES, ids=rules.name)
def test_a_guide_keeps_to_the_rules_of_every_notebook(path, rule):
    rule(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", GUIDES, ids=rules.name)
def test_a_guide_is_small_and_its_links_lead_somewhere(path):
    rules.test_it_is_smaller_than_two_megabytes(path)
    rules.test_its_links_within_the_course_lead_somewhere(path)


def test_there_are_rules_to_keep_to():
    assert len(of_every_notebook("notebook")) >= 8


def test_the_explorers_of_the_guide_work_except_the_one_that_shows_an_error(monkeypatch, capsys):
    """Run the page's code, then move every control to its ends and all to random places."""
    from course_lib import live

    explore, made = live.explore, []

    def recorded(*args, **kwargs):
        made.append(explore(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(live, "explore", recorded)
    book = nbformat.read(EXPLORERS, as_version=4)
    names = {"__name__": "__main__"}
    exec("\n".join(cell.source for cell in rules.code_of(book)), names)
    assert len(made) >= 7

    chance = random.Random(0)
    for explorer in made:
        kinds = explorer.kinds
        places = [{name: end} for name, kind in kinds.items() for end in kind.ends()]
        places += [{n: anywhere(kind, chance) for n, kind in kinds.items()} for _ in range(20)]
        failed = []
        for place in places:
            standing = explorer.set(**place)
            assert "nan" not in standing, f"{standing} at {place}"
            if explorer.error is not None:
                failed.append(standing)
            explorer.reset()
        assert bool(failed) == (explorer is names["fragile"]), failed


def test_the_guide_shows_no_traceback_and_every_mistake_it_names():
    book = nbformat.read(EXPLORERS, as_version=4)
    said = "".join(
        output.get("text", "") for cell in rules.code_of(book) for output in cell.outputs
    )
    assert "Traceback" not in said
    for mistake in (
        "update takes slope, but no control is given",
        "there is a control lr, but update does not take it",
        "low must be below high",
        "ZeroDivisionError",
    ):
        assert mistake in said


# ----------------------------------------------------------------------------------- the glossary


def test_the_glossary_holds_every_term():
    known = {term.lower() for term in entries()}
    assert not set(TERMS) - known


@pytest.mark.parametrize("term", [term for term in TERMS if TERMS[term]])
def test_an_entry_gives_the_other_names_of_its_term(term):
    text = {name.lower(): text for name, text in entries().items()}[term]
    for name in TERMS[term]:
        assert name in text


@pytest.mark.parametrize("term", entries())
def test_an_entry_has_at_most_two_sentences_and_names_a_lecture(term):
    text, lecture = re.fullmatch(
        r"\s*(.+?)\s+\*Lecture ([1-8])\*\s*", entries()[term], flags=re.DOTALL
    ).groups()
    assert 1 <= len(re.findall(r"[.?!]\)?(?:\s|$)", text)) <= 2
    assert lecture


@pytest.mark.parametrize("term", entries())
def test_the_lecture_that_an_entry_names_speaks_of_its_term(term):
    number = int(re.search(r"\*Lecture (\d)\*", entries()[term])[1])
    (path,) = [path for path in books.STATIONS if books.number(path) == number]
    said = rules.text_of(nbformat.read(path, as_version=4)).lower().replace("*", "")
    assert {"loss function": "loss"}.get(term.lower(), term.lower()) in said


def test_the_entries_are_in_the_order_of_the_alphabet():
    terms = [term.lower() for term in entries()]
    assert terms == sorted(terms)


# --------------------------------------------------------------------------------- map and links


def test_the_map_links_every_lecture_that_exists():
    linked = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", rules.text_of(nbformat.read(START, 4)))
    assert set(linked) == {path.name for path in books.STATIONS if path != START}


def test_the_map_has_a_row_for_every_station():
    rows = re.findall(r"(?m)^\| (\d+) \|", rules.text_of(nbformat.read(START, 4)))
    assert list(map(int, rows)) == list(map(books.number, books.STATIONS))


@pytest.mark.parametrize("page", ["docs/site/index.md", "README.md"])
def test_a_list_of_the_lectures_leaves_none_out(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [path.stem for path in books.STATIONS if path.stem not in text] == []


NUMBER = r"(?:seven|eight|nine|ten|eleven|twelve|thirteen|1[0-9])"


@pytest.mark.parametrize("path", [*BOOKS, *PAGES], ids=lambda path: path.name)
def test_no_page_counts_what_can_be_added_to(path):
    """The rules are counted by their list, the lectures by their files."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = rules.text_of(nbformat.reads(text, 4))
    assert not re.search(rf"(?i)\b{NUMBER} (?:update )?(?:rules|optimizers|lectures)\b", text)


def test_the_first_page_leads_to_the_glossary_and_to_the_guide():
    text = rules.text_of(nbformat.read(START, 4))
    for page in (GLOSSARY, EXPLORERS):
        assert f"](../docs/{page.name})" in text


@pytest.mark.parametrize("path", [*BOOKS, *PAGES], ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path):
    for target in re.findall(r"\]\((?!https?:|mailto:|attachment:)([^)\s]+)\)", words(path)):
        name, _, heading = target.partition("#")
        file = path.parent / name if name else path
        assert file.exists(), target
        if heading:
            assert heading in headings(file), target


@pytest.mark.parametrize("path", [*BOOKS, *PAGES], ids=lambda path: path.name)
def test_no_column_of_a_table_is_headed_by_a_formula_alone(path):
    """A screen reader may pass over it; in an empty corner stands nothing at all."""
    for head in re.findall(r"(?m)^\|(.*)\|\n\|[-:| ]+\|$", words(path)):
        alone = [cell for cell in head.split("|") if re.fullmatch(r"\s*\$[^$]*\$\s*", cell)]
        assert alone == []


def words(path):
    if path.suffix == ".ipynb":
        return rules.text_of(nbformat.read(path, as_version=4))
    return path.read_text(encoding="utf-8")


def headings(path):
    """Return the names of a page's headings: as Jupyter writes them, or as GitHub does."""
    found = re.findall(r"(?m)^#+ (.+)$", words(path))
    if path.suffix == ".ipynb":
        return {heading.replace(" ", "-") for heading in found}
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


# ------------------------------------------------------------------------- what the package says

# Where the lectures' exercises are judged: their docstrings say which answer each one takes.
JUDGES = re.compile(r"exercises\.lecture_|lab\.mnist_")


def public():
    """Return the names of all public functions and classes of the package, with what they are."""
    found = {}
    for module in pkgutil.walk_packages(course_lib.__path__, "course_lib."):
        if JUDGES.search(module.name):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            here = getattr(value, "__module__", None) == module.name and not name.startswith("_")
            if here and (inspect.isfunction(value) or inspect.isclass(value)):
                found[f"{module.name}.{name}"] = value
    return found


PUBLIC = public()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is_and_what_it_takes(name):
    value, told = PUBLIC[name], inspect.getdoc(PUBLIC[name]) or ""
    assert told.partition("\n")[0].endswith((".", ":")), "its first line is no sentence"
    if inspect.isfunction(value):
        takes = [name for name in inspect.signature(value).parameters if name != "self"]
        assert not takes or "Parameters\n---" in told
    else:
        takes = [field.name for field in fields(value)] if is_dataclass(value) else []
        takes = [name for name in takes if not name.startswith("_")]
        # A rule's hyper-parameters are told once, by what all rules have in common.
        told += "".join(inspect.getdoc(kind) or "" for kind in value.__mro__[1:-1])
        for method, function in vars(value).items():
            if inspect.isfunction(function) and not method.startswith("_"):
                assert inspect.getdoc(function) or f"`{method}(" in told, f"{method} says nothing"
    missing = [name for name in takes if not re.search(rf"\b{re.escape(name)}\b", told)]
    assert not missing


# -------------------------------------------------------------------------- the page of the digits


def test_the_table_of_the_digits_is_the_one_that_was_measured():
    """If it is not, copy what `tests/benchmarks/from_97_to_99.py` printed at its last run."""
    pytest.importorskip("torch")
    script = ROOT / "tests" / "benchmarks" / "from_97_to_99.py"
    measure = runpy.run_path(str(script))
    table = json.loads(measure["STORED"].read_text(encoding="utf-8"))
    assert [line["change"] for line in table] == [step.change for step in measure["STEPS"]] + [
        measure["VOTE"]
    ]
    page = (ROOT / "docs" / "from_97_to_99.md").read_text(encoding="utf-8")
    assert measure["as_markdown"](table) in page


def test_every_rate_of_the_table_is_better_than_its_neighbors():
    stored = ROOT / "tests" / "benchmarks" / "from_97_to_99.json"
    for line in json.loads(stored.read_text(encoding="utf-8")):
        if "tried" in line:
            tried = {float(rate): score for rate, score in line["tried"].items()}
            assert min(tried) < line["lr"] < max(tried)
            assert tried[line["lr"]] == max(tried.values())


# ------------------------------------------------------------------ what accessibility.md promises


def test_a_reader_who_wants_less_motion_gets_a_still_first_page_and_still_slides(
    tmp_path, monkeypatch
):
    pytest.importorskip("PIL")
    from PIL import Image

    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "site"), *sys.path])
    front_page = importlib.import_module("front_page")

    film = tmp_path / "film.webp"
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 120, 240)]
    frames[0].save(film, save_all=True, append_images=frames[1:])
    shown = front_page.moving(film, "a film")
    still = re.search(r'<source srcset="_static/pictures/(\S+)" media="([^"]+)">', shown)
    assert still[2] == "(prefers-reduced-motion: reduce)"
    with Image.open(tmp_path / still[1]) as picture:
        assert getattr(picture, "n_frames", 1) == 1

    asked = 'matchMedia("(prefers-reduced-motion: reduce)")'
    script = (ROOT / "docs" / "site" / "site.js").read_text(encoding="utf-8")
    assert f"const CALM = {asked};" in script
    for line in script.splitlines():  # what sets something in motion asks before it does
        assert ".course-run" not in line or "!CALM.matches" in line
    slides = (ROOT / "docs" / "site" / "slides.js").read_text(encoding="utf-8")
    assert f'transition: {asked}.matches ? "none"' in slides
