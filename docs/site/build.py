"""Build the website: every lecture as a page whose sliders move with no kernel and no network.

    python docs/site/build.py [--out FOLDER] [--frames N] [--offline] [--no-lab] [--no-pdf]

`python course.py site` calls it in the course's own environment. The text is the stored one. The
notebooks run once: their pictures are drawn for the column of a page and for a phone, and each
explorer leaves the frames of its sliders in files, one for either width, of which a page fetches
the one it needs when the reader comes near. The
first time that takes 40 to 50 minutes on two cores, most of it for the races of lecture
6; later only what has changed is computed.
The folder `lab/` holds the course as `lite.py` builds it, where every lecture runs in the browser,
`slides/` the decks, and `pdf/` lectures and decks on paper, where a Chromium, Chrome or Edge is
found to print them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import capture  # noqa: E402  (beside this file, as what follows)
import explorer_pages  # noqa: E402
import found  # noqa: E402
import frames  # noqa: E402
import front_page  # noqa: E402
import lite  # noqa: E402
import optimizer_pages  # noqa: E402
import pages  # noqa: E402
import places  # noqa: E402
import printed  # noqa: E402
import slides  # noqa: E402
from sphinx.cmd.build import main as sphinx  # noqa: E402
from tqdm import tqdm  # noqa: E402

# An image that would be fetched from elsewhere, with a link around it.
BADGE = r"\[!\[([^\]]*)\]\(https?:[^)]*\)\]\(([^)]*)\)"
# The README's moving picture moves for ever; the first page has explorers in its place.
FILM = re.compile(r"!\[[^\]]*\]\(docs/images/course\.webp\)\n*")
SCRIPTS = ("site.js", "practice.mjs")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    options.add_argument("--frames", type=int, default=frames.FRAMES, help="of each explorer")
    options.add_argument("--offline", action="store_true", help="the lab needs no other host")
    options.add_argument("--pyodide", default=os.environ.get("COURSE_PYODIDE"))
    options.add_argument("--no-lab", action="store_true", help="leave out the lab")
    options.add_argument("--no-pdf", action="store_true", help="leave out the lectures on paper")
    chosen = options.parse_args()
    start = time.monotonic()
    source = chosen.out.with_name(chosen.out.name + "-source")
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(chosen.out, ignore_errors=True)
    browser = None if chosen.no_pdf else places.course.find_browser()
    place = places.here()
    shown = gather(source, chosen.frames, place, lab=not chosen.no_lab, pdf=bool(browser))
    print("Writing the pages", flush=True)
    os.environ |= {
        "COURSE_PLACE": f"{place.owner}/{place.name}",
        "COURSE_LAB": str(not chosen.no_lab),
    }
    failed = sphinx(["-q", "-b", "html", "-j", "2", str(source), str(chosen.out)])
    if not failed:
        found.named(chosen.out)
        found.maps(chosen.out, place)
        for path, views in shown.items():
            papers = f"../pdf/{path.stem}-slides.pdf" if browser else ""
            links = {"The page": f"../notebooks/{path.stem}.html", "PDF": papers}
            slides.for_site(path, views, chosen.out, links)
    if not failed and browser:
        on_paper(chosen.out)
    if not failed and not chosen.no_lab:
        print("Building the lab, where lectures run in the browser", flush=True)
        try:
            python = lite.distribution(chosen.pyodide)
            lite.build(chosen.out / "lab", python, offline=chosen.offline)
        except lite.LiteError as trouble:
            print(f"{trouble}\nThe pages are built; --no-lab leaves out the lab.", file=sys.stderr)
            failed = 1
    if not failed:
        minutes, seconds = divmod(round(time.monotonic() - start), 60)
        print(
            f"Built in {minutes} min {seconds} s. The website is in {chosen.out}; open index.html"
        )
        print(f"through a web server:\n    python -m http.server --directory {chosen.out}")
    return failed


def on_paper(out: Path) -> None:
    """Print every lecture of the website in `out`, and its slides, into its folder `pdf`."""
    (out / "pdf").mkdir()
    papers = [(page.stem, f"notebooks/{page.name}") for page in out.glob("notebooks/*.html")]
    papers += [
        (f"{page.stem}-slides", f"slides/{page.name}?print-pdf")
        for page in out.glob("slides/*.html")
    ]

    def one(paper: tuple[str, str]) -> None:
        printed.printed(out, out / "pdf" / f"{paper[0]}.pdf", paper[1])

    with ThreadPoolExecutor(2) as printers:
        progress = tqdm(
            printers.map(one, sorted(papers)), "Printing", len(papers), unit="paper", leave=True
        )
        list(progress)


def gather(
    source: Path, count: int, place: places.Place, lab: bool, pdf: bool
) -> dict[Path, dict[str, list[dict]]]:
    """Put everything Sphinx reads into `source`, at the places that the links name.

    Return what the cells of each notebook show on a page.
    """
    from course_lib.live import front

    static, views = source / "_static", {}
    (static / "explorers").mkdir(parents=True)
    (static / "pictures").mkdir()
    for name in (*SCRIPTS, "site.css", "favicon.svg"):
        shutil.copy(HERE / name, static)
    slides.bring(static)
    (static / "live.js").write_text(front.source(), encoding="utf-8")
    (static / "terms.json").write_text(json.dumps(pages.meanings(), ensure_ascii=False))
    found.share(static / "share.png")
    shutil.copy(HERE / "conf.py", source)
    shutil.copy(HERE / "404.md", source)
    shutil.copytree(ROOT / "docs" / "images", source / "docs" / "images")
    for page in [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("*.md"))]:
        target = source / page.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        text = place.in_text(pages.anchored(page.read_text(encoding="utf-8")))
        text = FILM.sub("", text)
        target.write_text(re.sub(BADGE, r"[\1](\2)", text), encoding="utf-8")
    for name in ("LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, source)
    site = pages.Site(static, pages.glossary(), place, lab, pdf)
    books = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("docs/*.ipynb"))]
    for path, shown in frames.of_all(books, count):
        views[path] = shown
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        page = pages.of(path, shown, site)
        if path.stem == "write_your_own_explorer":
            explorer_pages.link(page)
        nbformat.write(page, target)
    explorer_pages.write(source / "docs" / f"{explorer_pages.PAGE}.md")
    print("Computing what the sliders of the optimizers show", flush=True)
    optimizer_pages.write(source / "docs" / "optimizers.md", static, min(count, 500), capture.MOST)
    front_page.write(source, static, books, min(count, 4000) if count < 500 else 4000, lab)
    return views


if __name__ == "__main__":
    sys.exit(main())
