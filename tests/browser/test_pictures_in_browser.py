"""A still picture on a page, a slide or an export is drawn for its theme, and for paper."""

from __future__ import annotations

import io
import json
import shutil
import sys

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image
from servers import ROOT
from traitlets.config import Config

from course_lib import plots

SITE = ROOT / "docs" / "site"
sys.path.append(str(SITE))  # after this folder, which has a module `pages` of its own
from figures import figure  # noqa: E402

pytestmark = pytest.mark.browser
# The page's own colors, which the theme of the website brings along.
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{style}">
<style>body {{ background: #fff; }} body[data-theme="dark"] {{ background: #131416; }}
@media (prefers-color-scheme: dark) {{ body[data-theme="auto"] {{ background: #131416; }} }}
</style><body data-theme="{theme}"><p style="height: 20px"></p>{figure}"""


@pytest.fixture
def drawn():
    picture, ax = plots.figure(size=(5, 3))
    ax.plot([0, 1], [0, 1])
    picture.alt = "A line."
    return picture


def lightness(page) -> float:
    """Return how light the only picture is that is seen, from 0 to 1."""
    seen = [image for image in page.locator("img").all() if image.is_visible()]
    assert len(seen) == 1
    page.wait_for_function(
        "() => [...document.images].every(i => !i.checkVisibility() || i.naturalWidth)"
    )
    return np.asarray(Image.open(io.BytesIO(seen[0].screenshot())).convert("L")).mean() / 255


@pytest.mark.parametrize(
    ("style", "theme", "system", "is_dark"),
    [
        ("site.css", "dark", "light", True),
        ("site.css", "light", "dark", False),
        ("site.css", "auto", "dark", True),
        ("slides.css", "dark", "light", True),
        ("slides.css", "light", "dark", False),
    ],
)
def test_a_page_shows_the_picture_of_its_theme_and_paper_the_light_one(
    tmp_path, served, page, drawn, style, theme, system, is_dark
):
    (tmp_path / "_static" / "pictures").mkdir(parents=True)
    shutil.copy(SITE / style, tmp_path)
    for name, png in {"a": drawn.png(), "a-night": drawn.night()}.items():
        (tmp_path / "_static" / "pictures" / f"{name}.png").write_bytes(png)
    about = {"alt": drawn.alt, "width": 500, "height": 300}
    shown = figure("a", "", about, drawn.alt, moves=False, night=True)
    text = PAGE.format(style=style, theme=theme, figure=shown)
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    fetched = []
    page.on("request", lambda request: fetched.append(request.url.rsplit("/", 1)[-1]))
    page.emulate_media(color_scheme=system)
    page.goto(served(tmp_path))
    assert (lightness(page) < 0.3) == is_dark
    other = "a.png" if is_dark else "a-night.png"
    assert other not in fetched  # the reader pays for one of the two
    if style == "site.css":
        page.emulate_media(color_scheme=system, media="print")
        assert lightness(page) > 0.7


@pytest.mark.parametrize(("theme", "is_dark"), [("light", False), ("dark", True)])
def test_an_export_of_what_jupyterlab_ran_shows_the_picture_of_its_theme(
    tmp_path, page, drawn, monkeypatch, theme, is_dark
):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    data, about = drawn._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=about)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    settings = ROOT / "course_lib" / "live" / "jupyter_nbconvert_config.json"
    config = Config(json.loads(settings.read_text(encoding="utf-8")))
    text, _ = HTMLExporter(config=config, theme=theme).from_notebook_node(book)
    page.route("**/*", lambda route: route.abort())
    page.set_content(text)
    assert (lightness(page) < 0.3) == is_dark
    page.emulate_media(media="print")
    assert lightness(page) > 0.7
