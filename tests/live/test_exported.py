"""A notebook exported as HTML keeps its pictures, their descriptions and what explorers say."""

import html
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from traitlets.config import Config

from course_lib import plots

LIVE = Path(__file__).parents[2] / "course_lib" / "live"
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_momentum.ipynb"


@pytest.mark.parametrize(
    "settings", ["jupyter_nbconvert_config.json", "jupyter_server_config.d/course_lib.json"]
)
def test_an_exported_notebook_keeps_what_stands_with_its_pictures(settings):
    config = Config(json.loads((LIVE / settings).read_text(encoding="utf-8")))
    page, _ = HTMLExporter(config=config).from_filename(str(NOTEBOOK))
    alts, described = [html.unescape(alt) for alt in re.findall('<img alt="([^"]*)"', page)], 0
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        for output in cell.get("outputs", []):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                described += 1
                assert alt in alts
                assert output.data["image/png"].replace("\n", "")[:200] in page
                if output.output_type == "execute_result":
                    assert output.data["text/plain"] in html.unescape(page)
    assert described > 10
    assert len(re.findall("No description has been provided", page)) == 0


def test_an_exported_notebook_that_was_run_in_jupyterlab_has_a_picture_for_each_theme(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    figure, ax = plots.figure()
    ax.plot([0, 1], [0, 1])
    data, about = figure._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, metadata=about, execution_count=1)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    settings = LIVE / "jupyter_nbconvert_config.json"
    config = Config(json.loads(settings.read_text(encoding="utf-8")))
    page, _ = HTMLExporter(config=config, theme="dark").from_notebook_node(book)
    assert page.count('class="course-picture course-night"') == 1
    assert page.count('class="course-picture course-day"') == 1
    assert 'data-jp-theme-light="false"' in page
