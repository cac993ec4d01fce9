"""The first page: an explorer that moves at once, a card for each lecture, and the race."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
from capture import drawn_for_pages, packed
from figures import KINDS, figure, put
from PIL import Image

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import himmelblau
from course_lib.live import explore, int_slider, point
from course_lib.optimizers import Momentum

HERE = Path(__file__).parent
# A line of the list of lectures in index.md.
LECTURE = re.compile(r"(?m)^- \[([^\]]+)\]\(notebooks/(\w+)\.ipynb\): (.+)$")
STUDENTS = ("glossary", "student_guide", "from_97_to_99", "in_the_browser", "optimizers")
TEACHERS = (
    *("instructor_guide", "classroom", "write_your_own_task", "write_your_own_explorer"),
    "explorer_reference",
)


def write(source: Path, static: Path, books: list[Path], count: int, lab: bool) -> None:
    """Write the first page: the words of index.md, with what moves and where the links lead."""
    text = (HERE / "index.md").read_text(encoding="utf-8")
    run = "lab/notebooks/index.html?path=notebooks/01_gradient_basics.ipynb"
    text = text.replace("RUN", run if lab else "notebooks/01_gradient_basics.html")
    text = text.replace("HERO", hero(static, count))
    text = cards(text, static, books).replace("RACE", race(static))
    lectures = [f"notebooks/{book.stem}" for book in books if book.parent.name == "notebooks"]
    written = {page.stem for page in (source / "docs").glob("*.*") if page.is_file()}
    students = [f"docs/{name}" for name in STUDENTS if name in written]
    teachers = [f"docs/{name}" for name in TEACHERS if name in written]
    others = [f"docs/{name}" for name in sorted(written - {*STUDENTS, *TEACHERS})]
    apart = ("README", "404")
    others += [page.stem for page in sorted(source.glob("*.md")) if page.stem not in apart]
    others.insert(0, "About the project <README>")
    groups = ("Lectures", lectures), ("For students", students), ("For instructors", teachers)
    for title, names in (*groups, ("Project", others)):
        entries = "\n".join(names)
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"
    (source / "index.md").write_text(text, encoding="utf-8")


def cards(text: str, static: Path, books: list[Path]) -> str:
    """Return the text with a card for each lecture in place of its list.

    A card has a picture that moves, unless the reader minds.
    """
    films = {path.stem: _film(path) for path in books}
    rows = []
    for number, (title, stem, asks) in enumerate(LECTURE.findall(text)):
        film = static / "pictures" / f"{stem}.webp"
        picture = moving(film, films.get(stem, ""))
        name = f"Lecture {number}" if number else "Before you start"
        rows.append(
            f'<li><a href="notebooks/{stem}.html">{picture}<span>{name}</span>'
            f"<strong>{title}</strong></a><p>{asks}</p></li>"
        )
    begin, end = LECTURE.search(text).start(), [*LECTURE.finditer(text)][-1].end()
    return f'{text[:begin]}<ul class="course-cards">{"".join(rows)}</ul>{text[end:]}'


def _film(path: Path) -> str:
    """Return what the moving picture of a notebook shows, in words."""
    films = [cell.metadata.get("film") for cell in nbformat.read(path, as_version=4).cells]
    return next((film["alt"] for film in films if film), "")


def moving(film: Path, alt: str) -> str:
    """Return the HTML of a moving picture, if there is one, still for who wants less motion.

    It is there as drawn for light and for dark.
    """
    films = {kind: film.with_name(f"{film.stem}{end}.webp") for kind, end in KINDS.items()}
    return "".join(
        f'<picture class="{kind}"><source srcset="_static/pictures/{_still(film)}" '
        f'media="(prefers-reduced-motion: reduce)"><img src="_static/pictures/{film.name}" '
        f'alt="{html.escape(alt)}" loading="lazy" {_size(film)}></picture>'
        for kind, film in films.items()
        if film.exists()
    )


def _still(film: Path) -> str:
    still = film.with_name(f"{film.stem}-still.webp")
    with Image.open(film) as frames:
        frames.seek(frames.n_frames // 2)
        frames.convert("RGB").save(still, "WEBP", quality=70)
    return still.name


def _size(film: Path) -> str:
    with Image.open(film) as frames:
        return f'width="{frames.width}" height="{frames.height}"'


def hero(static: Path, count: int) -> str:
    """Return the explorer at the top: it plays once, then the reader drags its ring."""
    picture, ax = plots.figure(size=(7.2, 4.7))  # on a laptop all of it is in sight
    plots.contour(ax, himmelblau)
    trail = plots.path(ax)
    ax.set(title="")

    @cache
    def walk(start):
        return descend(himmelblau, Momentum(lr=0.008, momentum=0.6), start, steps=48)

    def update(steps, start):
        path = walk(tuple(start))
        trail.show(path, upto=steps)
        gap = np.abs(himmelblau.minima - path.points[-1]).sum(axis=-1)
        if steps < 48:
            return f"Step {steps}: the loss is {path.losses[steps]:.3g}."
        corner = himmelblau.minima[gap.argmin()]
        side = ("lower" if corner[1] < 0 else "upper") + (" left" if corner[0] < 0 else " right")
        return f"It ends in the {side} valley, {gap.min():.1g} from its lowest point."

    shown = explore(
        picture,
        update,
        steps=int_slider(0, 48, 48, step=3, label="steps", play=True),
        start=point(ax, (-0.5, -1.0), label="start"),
        alt="A landscape of four valleys from above, and a walk from a ring into one of them.",
    )
    found = drawn_for_pages(shown.figure)
    found["frames"] = packed(shown, 700_000, count, {"start": [], "steps": []})
    made = figure("hero", "", {"alt": shown.alt}, shown.standing, **put(static, "hero", found))
    shown.close()
    # It is what a reader sees first: nothing is to wait for it.
    made = made.replace('loading="lazy"', 'fetchpriority="high"', 1)
    return made.replace("data-explorer", "data-plays data-explorer", 1)


def race(static: Path) -> str:
    """Return the race of lecture 6, as a picture that moves and leads there."""
    film = static / "pictures" / "06_adaptive_methods.webp"
    if not film.exists():
        return ""
    alt = "The race of lecture 6: the walks of the rules, and their lanes to the finish."
    return f'<p><a href="notebooks/06_adaptive_methods.html">{moving(film, alt)}</a></p>'
