"""Homework: release the MNIST lab, grade what comes back, give feedback.

    python -m homework release                     make the student version, after proving it
    python -m homework grade SUBMISSIONS           grade a folder or an LMS's zip file
    python -m homework report                      write the gradebook and the pages again
    python -m homework sheet SHEET.csv             write the written answers to a sheet
    python -m homework merge SHEET.csv             take over the points given in it
    python -m homework correct STUDENT QUESTION POINTS --reason "…"
    python -m homework log                         list every point that people gave or changed
    python -m homework similar SUBMISSIONS         list submissions that share much
    python -m homework export --to canvas --students EXPORT.csv
    python -m homework gradescope AUTOGRADER.zip   make an autograder that runs on Gradescope
    python -m homework preview LAB.ipynb           grade one notebook of your own, as a student
    python -m homework rename STUDENT NAME         give a submission and its points to another name
    python -m homework remove STUDENT              take out a submission that was withdrawn
    python -m homework restore STUDENT             let it be graded again
    python -m homework check                       say whether submissions can be isolated here

Grades are kept in the folder `grades`; `--to` names another one. More: docs/instructor_guide.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import os
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homework.collect import Submission
    from homework.grade import Work
    from homework.gradebook import Gradebook
    from homework.late import Lateness
    from homework.people import Student

__all__ = ["main"]


_OWN = ("homework", "course_lib", "__main__")


class StopError(Exception):
    """What went wrong, in words for the terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name may hold what the terminal cannot show
    options = _parser().parse_args(arguments)
    try:
        return options.do(options) or 0
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to continue.", file=sys.stderr)
        return 130
    except Exception as error:
        if type(error).__module__.partition(".")[0] in _OWN:
            print(error, file=sys.stderr)
        elif isinstance(error, OSError):
            place, why = error.filename or "A file", error.strerror or error
            print(f"{place} can't be read or written: {why}.", file=sys.stderr)
            print("All grades so far are kept. Fix this, then run it again.", file=sys.stderr)
        else:
            raise
        return 1


def _parser() -> argparse.ArgumentParser:
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m homework", description=__doc__, formatter_class=about
    )
    words = parser.add_subparsers(required=True, metavar="WORD")

    word = words.add_parser("release", help="make the student version")
    word.set_defaults(do=_release)

    word = words.add_parser("grade", help="grade a folder of submissions, or an LMS's zip file")
    word.add_argument("submissions", type=Path)
    word.add_argument("--students", type=Path, help="a CSV file with all who should hand in")
    word.add_argument("--only", nargs="+", metavar="STUDENT", help="grade these, even if done")
    word.add_argument("--again", action="store_true", help="grade all, even if done")
    word.add_argument("--workers", type=_count, help="how many at a time (default: all processors)")
    word.add_argument("--scheduler", help="the address of a Dask scheduler, tcp://…")
    word.add_argument("--isolation", choices=("namespaces", "docker", "podman", "none"))
    word.add_argument("--unsafe", action="store_true", help="go on where nothing isolates")
    word.add_argument(
        "--slower", type=_positive, default=1.0, help="multiply all time limits by this"
    )
    word.add_argument(
        "--memory", type=_positive, default=3.0, metavar="GB", help="for one submission"
    )
    word.add_argument("--groups", type=Path, help="a CSV file with the columns group and student")
    word.add_argument("--due", help='when it is due, like "2026-11-30 23:59"')
    word.add_argument("--late", default="0%/day", help="what late work costs, like 10%%/day")
    word.add_argument("--grace", default="0h", help="how much later costs nothing, like 2h")
    word.add_argument("--extensions", type=Path, help="a CSV file: until when single students have")
    word.add_argument("--times", type=Path, help="a CSV file: when each handed in")
    _to(word).set_defaults(do=_grade)

    word = words.add_parser("report", help="write the gradebook and the pages again")
    _to(word).set_defaults(do=_report)

    word = words.add_parser("sheet", help="write the written answers to a sheet")
    word.add_argument("sheet", type=Path)
    word.add_argument("--anonymous", action="store_true", help="codes in place of names")
    _to(word).set_defaults(do=_sheet)

    word = words.add_parser("merge", help="take over the points given in a sheet")
    word.add_argument("sheet", type=Path)
    word.add_argument("--marker", default="", help="who filled it in")
    word.add_argument("--replace", action="store_true", help="replace other points given before")
    _to(word).set_defaults(do=_merge)

    word = words.add_parser("log", help="list every point that people gave or changed")
    _to(word).set_defaults(do=_log)

    word = words.add_parser("similar", help="list submissions that share much")
    word.add_argument("submissions", type=Path)
    word.add_argument("--least", type=_positive, default=0.5, help="from this share on")
    _to(word).set_defaults(do=_similar)

    word = words.add_parser("gradescope", help="make an autograder that runs on Gradescope")
    word.add_argument("autograder", type=Path)
    word.set_defaults(do=_gradescope)

    word = words.add_parser("preview", help="grade one notebook of your own, as a student")
    word.add_argument("notebook", type=Path)
    word.add_argument("--to", type=Path, default=Path("preview.html"), help="the page to write")
    word.set_defaults(do=_preview)

    word = words.add_parser("correct", help="give other points after an appeal")
    word.add_argument("student")
    word.add_argument("question")
    word.add_argument("points", help='a number, or "none" to take a correction back')
    word.add_argument("--reason", default="")
    word.add_argument("--by", default="", help="who decides")
    _to(word).set_defaults(do=_correct)

    word = words.add_parser("export", help="write files that Canvas, Moodle or Gradescope import")
    word.add_argument("--to", required=True, choices=("canvas", "moodle", "gradescope", "csv"))
    word.add_argument("--students", type=Path, help="the system's own export, as CSV")
    word.add_argument("--assignment", default="", help="the title of the column to fill")
    word.add_argument(
        "--grades", type=Path, default=Path("grades"), help="the folder of the grades"
    )
    word.set_defaults(do=_export)

    word = words.add_parser("remove", help="take out a submission that was withdrawn")
    word.add_argument("student")
    _to(word).set_defaults(do=_remove)

    word = words.add_parser("restore", help="let a removed submission be graded again")
    word.add_argument("student")
    _to(word).set_defaults(do=_restore)

    word = words.add_parser("rename", help="give a submission, with its points, to somebody else")
    word.add_argument("student")
    word.add_argument("name")
    _to(word).set_defaults(do=_rename)

    word = words.add_parser("check", help="say whether submissions can be isolated here")
    word.set_defaults(do=_check)
    return parser


def _positive(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"give a number above 0, not {text!r}")


def _count(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")


def _to(word: argparse.ArgumentParser) -> argparse.ArgumentParser:
    word.add_argument("--to", type=Path, default=Path("grades"), help="the folder of the grades")
    return word


def _release(options: argparse.Namespace) -> None:
    from homework.release import release

    print(f"Released: {release(say=print)}")


def _grade(options: argparse.Namespace) -> int:
    from homework import assignment, grade, sandbox
    from homework.gradebook import Gradebook
    from homework.groups import groups, shared
    from homework.people import roster

    # Before anything else: where nothing isolates, nothing of a submission is even opened.
    isolation = sandbox.choose(options.isolation, options.unsafe)
    if isolation == "none":
        print("Nothing is isolated: a submission can do whatever you can do.", file=sys.stderr)
    assignment.pristine()  # before anything is graded: it refuses a notebook that was changed
    submissions = _collected(options)
    students = roster(options.students) if options.students else []
    teams = groups(options.groups) if options.groups else {}
    _with_or_without_dask(options)
    if not options.scheduler:
        _prepare()
    with _only_one(options.to), Gradebook(options.to / "grades.db") as book:
        whose: dict[str, list[str]] = {}
        whole, submissions = shared(submissions, teams, students), []
        for found, members in whole:
            names = [name for name in map(book.name_of, members) if name]
            if names:
                whose[names[0]] = names
                submissions.append(replace(found, student=names[0]))
        names = [name for members in whose.values() for name in members]
        policy = _policy(options, students, names)
        version = grade.version()
        settings = grade.Settings(
            isolation=isolation,
            limits=sandbox.Limits(memory=int(options.memory * 2**30)),
            faster=options.slower,
            hidden=(str(options.submissions.resolve()), str(options.to.resolve())),
        )
        failed = []

        def record(made: grade.Grade) -> None:
            for name in whose.get(made.student, [made.student]):
                book.record(replace(made, student=name), version)
            if made.status == "failed":
                failed.append(made)

        todo = [
            found
            for found in submissions
            if options.again
            or options.only
            or not all(
                book.is_done(name, _work(found).digest, version) for name in whose[found.student]
            )
        ]
        if len(todo) < len(submissions):
            skipped = len(submissions) - len(todo)
            print(f"{skipped} of {len(submissions)} were graded before and have not changed.")
        grade.grade_all(
            (_seeded(_work(found), book) for found in todo),
            len(todo),
            settings,
            record,
            workers=options.workers,
            scheduler=options.scheduler,
        )
        if students:
            _compared(book, students, whose, version)
        if policy:
            for found in submissions:
                for name in whose[found.student]:
                    book.set_late(name, policy(name, found.when))
        _written(options.to, book)
    for made in failed:
        print(f"{made.student}: {made.words}", file=sys.stderr)
    if failed:
        print("Run the same command again to retry these.", file=sys.stderr)
    return 1 if failed else 0


def _collected(options: argparse.Namespace) -> list[Submission]:
    """Return what was handed in, or only what `--only` names."""
    from homework.collect import collect

    submissions = collect(options.submissions)
    for found in submissions:
        if found.several:
            print(
                f"{found.student} has {len(found.several)} notebooks of the lab, of which the "
                f"newest counts: {', '.join(found.several[:5])}. If several students wrote them, "
                "put each into a folder with the student's name.",
                file=sys.stderr,
            )
    if not options.only:
        return submissions
    wanted = {unicodedata.normalize("NFC", name) for name in options.only}
    unknown = sorted(wanted - {found.student for found in submissions})
    if unknown:
        raise StopError(f"There is no submission by {', '.join(unknown)}.")
    return [found for found in submissions if found.student in wanted]


def _compared(
    book: Gradebook, students: list[Student], whose: dict[str, list[str]], version: str
) -> None:
    """Give a row to everybody who handed in nothing, and name whoever is not in the list."""
    from homework.grade import Grade
    from homework.gradebook import missing_from
    from homework.people import find

    missing = missing_from(book.rows(), students)
    book.forget_missing({row.student for row in book.rows()} - set(missing))
    for student in missing:
        book.record(Grade(student, "", "", 0, "missing", "Nothing was handed in."), version)
    for name in [name for names in whose.values() for name in names]:
        if find(students, name):
            continue
        if any(each.is_named(name) for each in students):
            print(f"May be one of several in the list of students: {name}", file=sys.stderr)
        else:
            print(f"Not in the list of students: {name}", file=sys.stderr)


def _policy(
    options: argparse.Namespace, students: list[Student], names: list[str]
) -> Callable[[str, float], Lateness] | None:
    """Return what says how late a student's work of a certain date is; None if nobody asks.

    An extension that would count for nobody is named, as it may be misspelled; so is a line that
    could be about several students, which counts for none of them.
    """
    from homework import late
    from homework.people import find

    if not options.due:
        if options.extensions or options.times or options.late != "0%/day":
            raise StopError('Late work needs a due date: add --due "2026-11-30 23:59".')
        return None
    share, unit = late.parse_penalty(options.late)
    tables: list[dict[Student, datetime]] = []
    for path in (options.extensions, options.times):
        table = dict(late.times(path)) if path else {}
        found = Counter(find(table, name, students) for name in names)
        for who in list(table):
            if found[who] > 1:
                del table[who]
                print(f"{path}: {who.name} may be several students here. Add IDs.", file=sys.stderr)
            elif not (found[who] or options.only or any(map(who.may_be, students))):
                print(f"{path}: {who.name} is nobody here.", file=sys.stderr)
        tables.append(table)
    extensions, handed_in = tables
    due, grace = late.parse_time(options.due), late.parse_span(options.grace)
    rule = late.Policy(due, share, unit, grace, list(extensions.items()), students)

    def lateness(name: str, when: float) -> Lateness:
        known = handed_in.get(find(handed_in, name, students))
        if known is None and not when:
            return late.IN_TIME
        return rule.lateness(name, known or datetime.fromtimestamp(when))

    return lateness


def _with_or_without_dask(options: argparse.Namespace) -> None:
    """Say where Dask is missing what that means, and go on without it."""
    if importlib.util.find_spec("distributed"):
        return
    if options.scheduler:
        raise StopError("--scheduler needs Dask. Install it: python -m pip install distributed")
    if options.workers != 1:
        print(
            "Dask is not installed, so submissions are graded one at a time. Several at a time: "
            "python -m pip install distributed",
            file=sys.stderr,
        )
        options.workers = 1


def _prepare() -> None:
    """Let MNIST be there before several processes look for it at the same time."""
    from course_lib.data import load_mnist

    load_mnist()


def _seeded(work: Work, book: Gradebook) -> Work:
    return replace(work, seed=book.seed_for(work.student, work.digest))


def _work(found: Submission) -> Work:
    from homework.grade import Work

    problem, content = found.problem, b""
    if not problem:
        try:
            content = found.read()
        except OSError as error:
            problem = f"The file can't be read: {error.strerror or error}."
    return Work(found.student, found.file, content, problem, tuple(found.notes))


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one call at a time grade into a folder; the system takes the lock from one that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a") as file:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StopError(
                f"Another grade command is writing to {folder}. Wait for it, or use --to."
            ) from None
        yield


def _written(folder: Path, book: Gradebook) -> None:
    """Write all that is made from the gradebook."""
    from homework.feedback import write_pages
    from homework.gradebook import counted

    book.write_csv(folder / "gradebook.csv")
    count = write_pages(book.rows(), folder)
    print(f"{counted(count, 'student')}: {folder / 'gradebook.csv'}, {folder / 'summary.html'},")
    print(f"{folder / 'items.html'}, and a page for each student in {folder / 'feedback'}.")


def _there(options: argparse.Namespace) -> Path:
    path = options.to / "grades.db"
    if not path.is_file():
        raise StopError(
            f"There are no grades in {options.to}. Run grade first, or name the folder with --to."
        )
    return path


def _report(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook

    with Gradebook(_there(options)) as book:
        _written(options.to, book)


def _sheet(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook, counted
    from homework.sheets import write_sheet

    with Gradebook(_there(options)) as book:
        count = write_sheet(book, options.sheet, options.anonymous)
    answers = counted(count, "written answer")
    print(f"{answers}: {options.sheet}. Fill in the points, then run merge.")


def _log(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook, number

    with Gradebook(_there(options)) as book:
        for each in book.log():
            change = f"{number(each.before) or 'none'} → {number(each.after) or 'none'}"
            who = each.who or "somebody"
            words = (each.made, who, each.student, each.question, change, each.reason)
            print("  ".join(words).rstrip())


def _similar(options: argparse.Namespace) -> None:
    from homework.collect import collect
    from homework.gradebook import counted
    from homework.similar import pairs

    works = map(_work, collect(options.submissions))
    found = {work.student: work.content for work in works if not work.problem}
    alike = pairs(found, options.least)
    for pair in alike:
        print(f"{pair.share:4.0%} of the {pair.part} shared: {pair.one}, {pair.other}")
    print(
        f"{counted(len(alike), 'pair')} of {counted(len(found), 'submission')} with at least "
        f"{options.least:.0%} in common. "
        "Short tasks have few solutions, so read both before you conclude anything."
    )


def _gradescope(options: argparse.Namespace) -> None:
    from course_lib.data import find_mnist
    from homework import assignment
    from homework.gradescope import write_autograder

    assignment.pristine()
    write_autograder(options.autograder, find_mnist())
    print(f"{options.autograder}: upload it as the autograder of the assignment.")


def _preview(options: argparse.Namespace) -> None:
    import secrets

    from homework import grade
    from homework.feedback import feedback_page
    from homework.gradebook import row_of

    if not options.notebook.is_file():
        raise StopError(f"There is no notebook {options.notebook}.")
    content = options.notebook.read_bytes()
    work = grade.Work("your notebook", options.notebook.name, content, seed=secrets.randbits(63))
    # It is your own code, so nothing has to shut it in.
    made = grade.graded(work, grade.Settings(isolation="none"))
    options.to.write_text(feedback_page(row_of(made)), encoding="utf-8", errors="replace")
    print(f"{made.words} {options.to}")


def _merge(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook, counted
    from homework.sheets import merge_sheet

    with Gradebook(_there(options)) as book:
        count = merge_sheet(book, options.sheet, options.marker, options.replace)
        print(f"Points for {counted(count, 'answer')} were taken over.")
        _written(options.to, book)


def _correct(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook

    points = None
    if options.points.lower() != "none":
        try:
            points = float(options.points)
        except ValueError:
            raise StopError(f"Points are a number, not {options.points!r}.") from None
    with Gradebook(_there(options)) as book:
        student = unicodedata.normalize("NFC", options.student)
        book.correct(student, options.question, points, options.reason, options.by)
        _written(options.to, book)


def _export(options: argparse.Namespace) -> None:
    from homework.export import export
    from homework.gradebook import Gradebook

    system, options.to = options.to, options.grades
    with Gradebook(_there(options)) as book:
        folder = options.grades / system
        said = export(book.rows(), system, folder, options.students, options.assignment)
    print("\n".join(said))


def _remove(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook

    with Gradebook(_there(options)) as book:
        book.remove(unicodedata.normalize("NFC", options.student))
        _written(options.to, book)


def _restore(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook

    with Gradebook(_there(options)) as book:
        book.restore(unicodedata.normalize("NFC", options.student))
    print("The next `grade` will grade it again.")


def _rename(options: argparse.Namespace) -> None:
    from homework.gradebook import Gradebook

    with Gradebook(_there(options)) as book:
        names = (unicodedata.normalize("NFC", name) for name in (options.student, options.name))
        book.rename(*names)
        _written(options.to, book)


def _check(options: argparse.Namespace) -> int:
    from homework.sandbox import available

    found = available()
    for kind, why in found.items():
        print(f"{kind}: {why or 'works here.'}")
    return 0 if any(why is None for why in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
