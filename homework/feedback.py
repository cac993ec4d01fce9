"""The pages: one for each student, a summary of the class, and a view of each question.

Everything on them is escaped: names, messages and output may have been written to do harm. The
pages hold no script and load nothing, and a policy in each tells the browser so.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import statistics
from collections import Counter
from pathlib import Path

from homework.gradebook import Row, Score
from homework.questions import QUESTIONS, Question

__all__ = ["feedback_page", "items_page", "page_name", "summary_page", "write_pages"]

_LONGEST_OUTPUT = 12_000
_LONGEST_IN_TABLE = 300
# How a check begins that waits for another one. It did not pass, but is no mistake of its own.
_LATER = "Once "
_BARS = 10

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid #8886; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.task { min-width: 8rem; overflow-wrap: normal; }
pre { background: #8882; padding: .6rem; overflow: auto; max-height: 20rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
li.yes::marker { content: "✓  "; } li.no::marker { content: "✗  "; }
.total { font-size: 1.2rem; } .quiet { opacity: .75; }
svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
svg rect { fill: #0072b2; }
@media (prefers-color-scheme: dark) { svg rect { fill: #56b4e9; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_pages(rows: list[Row], folder: str | os.PathLike) -> int:
    """Write all pages into `folder`; return how many students there are.

    Pages of students that are no longer there are removed.
    """
    folder = Path(folder)
    place = folder / "feedback"
    place.mkdir(parents=True, exist_ok=True)
    names = set()
    for row in rows:
        name = page_name(row.student)
        names.add(name)
        _write(place / name, feedback_page(row))
    for old in place.glob("*.html"):
        if old.name not in names:
            old.unlink()
    _write(folder / "summary.html", summary_page(rows))
    _write(folder / "items.html", items_page(rows))
    return len(rows)


def page_name(student: str) -> str:
    """Return the name of a student's page: readable, safe for every file system, never twice."""
    readable = re.sub(r"[^\w.-]+", "_", student).strip("._")
    # File systems count bytes, of which a letter can have four.
    readable = readable.encode("utf-8", "ignore")[:60].decode("utf-8", "ignore")
    mark = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{mark}.html"


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", errors="replace")
    os.replace(part, path)


# ---------------------------------------------------------------------------------- for one student


def feedback_page(row: Row) -> str:
    """Return the page for one student."""
    most = sum(question.points for question in QUESTIONS if not question.bonus)
    parts = [f"<h1>The MNIST lab: {_text(row.student)}</h1>"]
    if row.status != "graded":
        parts.append(f"<p><strong>{_text(row.words)}</strong></p>")
    if row.scores:
        open_ones = [q for q in QUESTIONS if q.id in row.scores and row.scores[q.id].points is None]
        so_far = ""
        if open_ones:
            waiting = sum(question.points for question in open_ones)
            so_far = f" so far; up to {waiting:g} more come from the person who reads your text"
        parts.append(
            f'<p class="total"><strong>{row.total:g} of {most:g} points</strong>{so_far}.</p>'
        )
        if row.late.penalty:
            before = f"Without that, it would be {row.earned:g} points."
            parts.append(f"<p>{_text(row.late.words)} {before}</p>")
    if row.file:
        when = f", graded {_text(row.graded[:10])}" if row.graded else ""
        parts.append(f'<p class="quiet">{_text(row.file)}{when}</p>')
    parts += _list("Please note", row.notes)
    for question in QUESTIONS:
        if question.id in row.scores:
            parts += _section(question, row.scores[question.id])
    parts.append(
        '<p class="quiet">Your code was run without a network, on inputs other than those of the '
        "checks in the notebook. If you think that a grade is wrong, write to your instructor and "
        "name the task.</p>"
    )
    return _page(f"The MNIST lab: {row.student}", parts)


def _section(question: Question, score: Score) -> list[str]:
    result = score.result
    bonus = ", on top of the others" if question.bonus else ""
    points = "–" if score.points is None else f"{score.points:g}"
    parts = [f"<h2>{_text(question.title)}: {points} of {question.points:g} points{bonus}</h2>"]
    if score.by == "a correction":
        parts.append(f"<p><strong>Corrected:</strong> {_text(score.comment)}</p>")
    if question.kind == "manual" and result.state != "not attempted":
        if score.points is None:
            parts.append(f"<p>A person reads your text. {_text(score.comment)}</p>")
        elif score.by == "a person":
            remarks = score.remarks or ("",) * len(score.rubric)
            rows = zip(score.rubric, question.rubric, remarks, strict=False)
            cells = "".join(
                f'<tr><td class="n">{given:g} of {most:g}</td><td>{_text(what)}'
                + (f"<br><em>{_text(remark)}</em>" if remark else "")
                + "</td></tr>"
                for given, (most, what), remark in rows
            )
            parts.append(f"<table>{cells}</table>")
            if score.comment:
                parts.append(f"<p>{_text(score.comment)}</p>")
        return parts
    if result.checks:
        parts.append("<ul>")
        for worth, passed, words in result.checks:
            mark = "yes" if passed else "no"
            got = worth if passed else 0
            parts.append(
                f'<li class="{mark}">{_lines(words)} <span class="quiet">({got:g} of {worth:g})'
                "</span></li>"
            )
        parts.append("</ul>")
    if result.output.strip():
        shown = result.output
        if len(shown) > _LONGEST_OUTPUT:
            shown = shown[:_LONGEST_OUTPUT] + "\n…"
        parts.append(
            f"<details><summary>What it printed</summary><pre>{_text(shown)}</pre></details>"
        )
    return parts


# ------------------------------------------------------------------------------------ for the class


def summary_page(rows: list[Row]) -> str:
    """Return the page about the whole class: how many, the histogram, the most common mistakes."""
    most = sum(question.points for question in QUESTIONS if not question.bonus)
    graded = [row for row in rows if row.status == "graded"]
    totals = [row.total for row in graded]
    parts = ["<h1>The MNIST lab: the class</h1>"]
    counts = Counter(row.status for row in rows)
    words = {
        "graded": "graded",
        "rejected": "can't be graded as they are",
        "missing": "handed in nothing",
        "failed": "failed by the grader's fault; grade again",
    }
    told = [f"{counts[key]} {what}" for key, what in words.items() if counts[key]]
    parts.append(f"<p>{len(rows)} students: {_text('; '.join(told) or 'none')}.</p>")
    if totals:
        middle, mean = statistics.median(totals), statistics.fmean(totals)
        parts.append(f"<p>Of {most:g} points, the median is {middle:.4g}, the mean {mean:.4g}.</p>")
        waiting = sum(not row.complete for row in graded)
        if waiting:
            texts = "1 text has" if waiting == 1 else f"{waiting} texts have"
            parts.append(f"<p>{texts} yet to be read; the points are missing here.</p>")
        parts += ["<h2>Points</h2>", _histogram(totals, most)]
    mistakes = common_mistakes(rows)
    if mistakes:
        parts.append("<h2>Most common mistakes</h2><table>")
        parts.append(
            '<tr><th class="n">students</th><th>task</th><th>what they were told</th></tr>'
        )
        for (title, message), count in mistakes[:15]:
            parts.append(
                f'<tr><td class="n">{count}</td><td class="task">{_text(title)}</td>'
                f"<td>{_lines(message)}</td></tr>"
            )
        parts.append("</table>")
    others = [row for row in rows if row.status != "graded"]
    if others:
        parts.append("<h2>Not graded</h2><table>")
        for row in others:
            parts.append(f"<tr><td>{_text(row.student)}</td><td>{_text(row.words)}</td></tr>")
        parts.append("</table>")
    return _page("The MNIST lab: the class", parts)


def common_mistakes(rows: list[Row]) -> list[tuple[tuple[str, str], int]]:
    """Return what was told most often, as ((title, message), students), without "not attempted"."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for question in QUESTIONS:
            score = row.scores.get(question.id)
            if score is None or score.result.state == "not attempted":
                continue
            messages = {
                _without_numbers(words)
                for _, passed, words in score.result.checks
                if not passed and not words.startswith(_LATER)
            }
            counts.update((question.title, message) for message in messages)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _without_numbers(message: str) -> str:
    """Return a message in a form that is the same for all who made the same mistake."""
    if len(message) > _LONGEST_IN_TABLE:  # what a student's error says can be of any length
        message = message[:_LONGEST_IN_TABLE] + " …"
    return re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e-?\d+)?(?![\w.]*\w)", "…", message)


def _histogram(totals: list[float], most: float) -> str:
    """Return a drawing of how many students have how many points, with its numbers in words."""
    counts = [0] * _BARS
    top = max(most, *totals)
    for total in totals:
        counts[min(int(total / top * _BARS), _BARS - 1)] += 1
    wide, high = 44, 140
    bars = []
    for i, count in enumerate(counts):
        length = round(high * count / max(counts))
        x = i * (wide + 6)
        bars.append(f'<rect x="{x}" y="{20 + high - length}" width="{wide}" height="{length}"/>')
        if count:
            y = 15 + high - length
            bars.append(f'<text x="{x + wide / 2}" y="{y}" text-anchor="middle">{count}</text>')
        ends = f"{i * top / _BARS:.0f}–{(i + 1) * top / _BARS:.0f}"
        bars.append(f'<text x="{x + wide / 2}" y="{high + 38}" text-anchor="middle">{ends}</text>')
    said = ", ".join(
        f"{i * top / _BARS:.0f} to {(i + 1) * top / _BARS:.0f} points: {count}"
        for i, count in enumerate(counts)
    )
    size = f"0 0 {_BARS * (wide + 6)} {high + 45}"
    return f'<svg viewBox="{size}" role="img" aria-label="{_text(said)}">{"".join(bars)}</svg>'


def items_page(rows: list[Row]) -> str:
    """Return the page about the questions: how hard each was, and whether it told people apart."""
    parts = ["<h1>The MNIST lab: the questions</h1>"]
    parts.append(
        "<p>Of those who tried. <em>Agrees</em> is the correlation of a question's points with the "
        "points of all others: near 0 or below, look at the question.</p><table>"
    )
    heads = ("worth", "tried", "all points", "none", "mean", "agrees", "seconds", "GB")
    parts.append(
        "<tr><th>question</th>" + "".join(f'<th class="n">{head}</th>' for head in heads) + "</tr>"
    )
    for question in QUESTIONS:
        cells = _item(question, rows)
        parts.append(
            f"<tr><td>{_text(question.title)}</td>"
            + "".join(f'<td class="n">{_text(cell)}</td>' for cell in cells)
            + "</tr>"
        )
    parts.append("</table>")
    for question in QUESTIONS:
        told: dict[tuple[bool, str], set[str]] = {}
        for row in rows:
            score = row.scores.get(question.id)
            for _, passed, message in score.result.checks if score else ():
                told.setdefault((passed, _without_numbers(message)), set()).add(row.student)
        if not told:
            continue
        parts.append(f"<h2>{_text(question.title)}</h2><table>")
        for (passed, message), students in sorted(told.items(), key=lambda item: -len(item[1]))[
            :20
        ]:
            mark = "✓" if passed else "✗"
            parts.append(
                f'<tr><td class="n">{mark} {len(students)}</td><td>{_lines(message)}</td></tr>'
            )
        parts.append("</table>")
    return _page("The MNIST lab: the questions", parts)


def _item(question: Question, rows: list[Row]) -> list[str]:
    tried = [
        (row, row.scores[question.id])
        for row in rows
        if question.id in row.scores
        and row.scores[question.id].result.state != "not attempted"
        and row.scores[question.id].points is not None
    ]
    if not tried:
        return [f"{question.points:g}", "0", "–", "–", "–", "–", "–", "–"]
    points = [score.points for _, score in tried]
    rest = [row.total - score.points for row, score in tried]
    agrees = "–"
    if len(set(points)) > 1 and len(set(rest)) > 1:
        agrees = f"{statistics.correlation(points, rest):.2f}"
    seconds = [score.result.cpu or score.result.seconds for _, score in tried]
    peak = max(score.result.peak for _, score in tried)
    return [
        f"{question.points:g}",
        str(len(tried)),
        f"{sum(p == question.points for p in points) / len(tried):.0%}",
        f"{sum(p == 0 for p in points) / len(tried):.0%}",
        f"{statistics.fmean(points):.3g}",
        agrees,
        f"{statistics.fmean(seconds):.2g}",
        f"{peak / 1e9:.2g}" if peak else "–",
    ]


# ------------------------------------------------------------------------------------------- pieces


def _page(title: str, parts: list[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def _text(text: str) -> str:
    """Return text for a page: no markup, no control characters, none that turn the line around."""
    return html.escape(_INVISIBLE.sub("�", text))


def _lines(text: str) -> str:
    """Return text with its `code` set as such."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", _text(text))


def _list(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    lines = "".join(f"<li>{_lines(item)}</li>" for item in items)
    return [f"<h2>{title}</h2><ul>{lines}</ul>"]
