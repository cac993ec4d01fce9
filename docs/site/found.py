"""To be found: what search engines and shared links read of the website."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import places
from places import Place

TITLE = "How neural networks learn"
ABOUT = (
    "A hands-on course with sliders that move: predict, drag, and see gradient descent, noise, "
    "momentum and Adam do what the formula says. Free, with exercises that give feedback."
)


def described(source: str) -> str:
    """Return one or two sentences that say what a page is about: its question or its beginning."""
    body = re.sub(r"(?s)```.*?```|<[^>]*>|^#.*?$|^\|.*?$", "", source, flags=re.M)
    blocks = [" ".join(block.split()) for block in body.split("\n\n")]
    text = next((block for block in blocks if len(block) > 40 and block[0] not in "-!|"), "")
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("**The question.**", ""))
    text = re.sub(r"[*`$\\]", "", text).strip()
    found = ""
    for sentence in re.split(r"(?<=[.?!]) ", text):
        if found and len(found) + len(sentence) > 200:
            break
        found = f"{found} {sentence}".strip()
    return found[:300]


FONT = "_static/fonts/CourseSans-Regular.ttf"  # what every page is written in


def head(place: Place, page: str, title: str, about: str, lecture: bool) -> str:
    """Return what stands in the head of a page, for search engines and for shared links.

    Parameters
    ----------
    place : Place
    page : str
        Its address below the website's.
    title, about : str
    lecture : bool
        Whether it is a part of the course.
    """
    address = place.site + ("" if page == "index.html" else page)
    first = page == "index.html"
    meta = {
        "og:type": "website" if first else "article",
        "og:site_name": TITLE,
        "og:title": title,
        "og:description": about,
        "og:url": address,
        "og:image": f"{place.site}_static/share.png",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "A walk of gradient descent down a curved valley, seen from above.",
    }
    up = "../" * page.count("/")
    lines = [
        f'<link rel="preload" href="{up}{FONT}" as="font" type="font/ttf" crossorigin>',
        f'<meta name="description" content="{html.escape(about, quote=True)}">',
        '<meta name="twitter:card" content="summary_large_image">',
        *(
            f'<meta property="{name}" content="{html.escape(value, quote=True)}">'
            for name, value in meta.items()
        ),
    ]
    if first or lecture:
        learned = json.dumps(_learned(place, address, title, about, first), ensure_ascii=False)
        learned = learned.replace("</", "<\\/")
        lines.append(f'<script type="application/ld+json">{learned}</script>')
    return "\n".join(lines)


def _learned(place: Place, address: str, title: str, about: str, first: bool) -> dict:
    """Return the page as schema.org describes courses and what belongs to them."""
    common = {
        "@context": "https://schema.org",
        "@type": "Course" if first else "LearningResource",
        "name": title,
        "description": about,
        "url": address,
        "inLanguage": "en",
        "isAccessibleForFree": True,
        "license": f"{place.repository}/blob/main/LICENSE",
        "provider": {"@type": "Organization", "name": TITLE, "url": place.site},
    }
    if not first:
        whole = {"@type": "Course", "name": TITLE, "description": ABOUT, "url": place.site}
        return common | {"learningResourceType": "interactive lecture", "isPartOf": whole}
    return common | {
        "educationalLevel": "Beginner",
        "teaches": "Gradient descent, stochastic gradients, momentum, Adam, backpropagation",
        "hasCourseInstance": {
            "@type": "CourseInstance",
            "courseMode": "online",
            "courseWorkload": "PT9H",
        },
        "offers": {"@type": "Offer", "price": 0, "category": "Free", "priceCurrency": "USD"},
    }


def maps(out: Path, place: Place) -> None:
    """Write the list of pages, and where it is, for those who gather them."""
    pages = [path.relative_to(out).as_posix() for path in sorted(out.rglob("*.html"))]
    left_out = ("_static/", "lab/", "404.html", "search.html", "genindex.html")
    pages = [
        "" if page == "index.html" else page for page in pages if not page.startswith(left_out)
    ]
    rows = "\n".join(f"<url><loc>{html.escape(place.site + page)}</loc></url>" for page in pages)
    (out / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}\n</urlset>\n',
        encoding="utf-8",
    )
    (out / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {place.site}sitemap.xml\n")
    # A page that is not found may be asked for from any folder.
    lost = out / "404.html"
    if lost.exists():
        text = lost.read_text(encoding="utf-8")
        base = f'<head>\n<base href="{place.site}">\n<meta name="robots" content="noindex">'
        lost.write_text(text.replace("<head>", base, 1), encoding="utf-8")


def named(out: Path) -> None:
    """Name the parts of every page that the theme leaves nameless, and make the page lighter."""
    parts = {
        '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
        '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
        '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
    }
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for before, after in parts.items():
            text = text.replace(before, after, 1)
        top = r'(<a href="#" class="back-to-top.*?</a>)'
        text = re.sub(top, r'<nav aria-label="Top of the page">\1</nav>', text, count=1, flags=re.S)
        text = re.sub(r'<th class="([^"]*)"><p></p></th>', r'<td class="\1"></td>', text)
        # Names, commas and spaces have the color of the text anyway: half of a page's elements.
        text = re.sub(r'<span class="(?:n|p|w)">([^<]*)</span>', r"\1", text)
        path.write_text(text, encoding="utf-8")


def share(path: Path) -> None:
    """Draw the picture that stands beside a shared link: a walk down the banana."""
    from course_lib import plots
    from course_lib.descent import descend
    from course_lib.landscapes import banana
    from course_lib.optimizers import GradientDescent

    picture, ax = plots.figure(size=(12, 6.3))
    ax.set_position((0, 0, 1, 1))
    plots.contour(ax, banana)
    ax.set(xlim=(-2.2, 4.4), ylim=(-1.2, 3.6), xticks=[], yticks=[], title="")
    plots.path(ax).show(descend(banana, GradientDescent(lr=0.03), (-1.9, 1.2), steps=120))
    if ax.get_legend():
        ax.get_legend().remove()
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.94, "pad": 18}
    ax.text(1.55, 1.6, "How neural\nnetworks learn", size=52, weight="bold", bbox=box, va="center")
    ax.text(1.55, -0.25, "Predict. Drag. Understand.", size=28, bbox=box, va="center")
    picture.savefig(path, dpi=100)


def foot(place: Place, page: str) -> str:
    """Return the HTML that ends a page: where the project is, its license, how to cite it."""
    links = [(place.repository, "Repository")]
    made = {
        "index": "docs/site/index.md",
        "docs/optimizers": "course_lib/optimizers.py",
        "docs/explorer_reference": "course_lib/live/explorer.py",
    }
    source = made.get(page, f"{page}.md")
    if (places.ROOT / source).exists():  # a notebook's page says it at its top
        links.append((place.edit(source), "Edit this page"))
    links += [
        (f"{place.repository}/blob/main/LICENSE", "MIT license"),
        (f"{place.repository}/blob/main/CITATION.cff", "Cite this"),
        (f"{place.repository}/issues", "Report a mistake"),
    ]
    rows = "".join(f'<li><a href="{html.escape(to)}">{words}</a></li>' for to, words in links)
    return f'<ul class="course-foot-links" aria-label="About the project">{rows}</ul>'
