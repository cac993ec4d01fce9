"""What a reader saves from an explorer: its picture as SVG, and the run of a slider as GIF."""

from __future__ import annotations

import io
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from course_lib import plots
from course_lib.live import explore, files, int_slider, log_slider, slider


@pytest.fixture
def explorer():
    figure, ax = plots.figure(size=(3, 2))
    (line,) = ax.plot([0, 1], [0, 1])

    def update(slope, steps, lr):
        line.set_ydata([0, slope * steps / 5])
        return f"slope {slope}"

    made = explore(
        figure,
        update,
        slope=slider(0, 1, 0.5),
        steps=int_slider(0, 5, 5),
        lr=log_slider(0.1, 10, 1),
    )
    yield made
    made.close()


def test_the_picture_is_saved_as_svg(explorer):
    assert ElementTree.fromstring(files.svg(explorer)).tag.endswith("svg")


def test_the_run_of_a_slider_is_a_gif_and_leaves_the_explorer_where_it_was(explorer):
    line = explorer.figure.axes[0].lines[0]
    before = explorer.standing, dict(explorer.values), list(line.get_ydata())
    picture = Image.open(io.BytesIO(files.gif(explorer, "steps")))
    assert (picture.n_frames, picture.size) == (6, (300, 200))
    assert (explorer.standing, explorer.values, list(line.get_ydata())) == before


def test_a_run_goes_from_end_to_end_in_notches(explorer):
    controls = explorer.controls
    assert files.places(controls["steps"]) == [0, 1, 2, 3, 4, 5]
    assert files.places(controls["lr"])[0] == pytest.approx(0.1)
    assert files.places(controls["lr"])[-1] == pytest.approx(10)
    assert len(files.places(controls["slope"])) == files.FRAMES


def test_the_browser_asks_for_a_file_and_gets_it(explorer):
    sent = []
    explorer._canvas.send = lambda content, buffers=None: sent.append((content, buffers))
    explorer._received(None, {"view": "v", "save": "gif", "slider": "steps"}, [])
    ((content, (file,)),) = sent
    assert content == {"view": "v", "saved": "gif"}
    assert file.startswith(b"GIF8")


FFMPEG = """#!{python}
import sys
shape = sys.argv[sys.argv.index("-s") + 1]
with open(sys.argv[-1], "w") as file:
    file.write(f"{{shape}} {{len(sys.stdin.buffer.read())}}")
"""


def test_a_run_is_an_mp4_file_where_ffmpeg_is_installed(explorer, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert files.films() == ["gif"]
    program = tmp_path / "ffmpeg"
    program.write_text(FFMPEG.format(python=sys.executable))
    program.chmod(0o755)
    assert files.films() == ["gif", "mp4"]
    shape, sent = files.mp4(explorer, "steps").decode().split()
    width, height = map(int, shape.split("x"))
    assert (width, height) == (300, 200)
    assert int(sent) == 6 * width * height * 3  # six places, three bytes a pixel
