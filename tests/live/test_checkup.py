"""The front-end check says what it knows: every message is reached, and none without its cause."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from course_lib import plots
from course_lib.live import checkup, explore, slider, toggle

ROOT = Path(__file__).parents[2]
GOOD = {
    "ipywidgets": "8.1.9",
    "anywidget": "0.11.0",
    "jupyterlab_widgets": "3.0.17",
    "widgetsnbextension": "4.0.16",
}


@pytest.fixture
def installed(monkeypatch):
    """Stand in for the environment: a dictionary of what is installed in it."""
    there = dict(GOOD)

    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    def requires(name):
        version(name)
        return ["comm>=0.1.3", "widgetsnbextension~=4.0.16", "jupyterlab_widgets~=3.0.17"]

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(metadata, "requires", requires)
    return there


class Browser:
    """Takes the place of checkup.js: answers after a while, having painted some pictures."""

    def __init__(self, monkeypatch, answers=True, trip=0.02, paints=1):
        self.now, self.painted = 100.0, 0
        self.answers, self.trip, self.paints = answers, trip, paints
        monkeypatch.setattr(checkup.time, "perf_counter", lambda: self.now)
        picture, ax = plots.figure()
        (line,) = ax.plot([0, 1], [0, 1])
        self.explorer = explore(
            picture,
            lambda slope, dashed: line.set_ydata([0, slope]),
            slope=slider(0, 1, 0.5),
            dashed=toggle(),
        )
        self.check = checkup.watch(self.explorer)
        self.line = self.explorer.children[-1]
        self.line.send = self.asked

    def shows(self):
        self.line._handle_custom_msg({"frames": 0}, [])

    def asked(self, message):
        if self.answers:
            self.now += self.trip
            self.painted += self.paints
            self.line._handle_custom_msg(message | {"frames": self.painted}, [])

    def drags(self, moves=60, pause=0.02):
        for move in range(moves):
            self.now += pause
            self.explorer.controls["slope"].value = move % 100 / 100


# ------------------------------------------------------------------------------- what is installed


def test_nothing_is_wrong_where_all_is_installed(installed):
    assert repr(checkup.packages()) == "Installed. Python has everything that the sliders need."
    assert checkup.packages().right


@pytest.mark.parametrize("missing", ["ipywidgets", "anywidget", "jupyterlab_widgets"])
def test_a_missing_package_is_named_with_what_to_type(installed, missing):
    del installed[missing]
    note = checkup.packages()
    assert not note.right
    assert f"{missing} is not installed" in note.message
    assert "python course.py setup" in note.message
    assert "restart kernel" in note.message.lower()


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("ipywidgets", "7.8.1", "ipywidgets is 7.8.1, but >=8.1.5 is needed"),
        ("anywidget", "0.9.2", "anywidget is 0.9.2, but >=0.9.13 is needed"),
        ("jupyterlab_widgets", "1.1.4", "jupyterlab_widgets is 1.1.4, but ~=3.0.17 is needed"),
    ],
)
def test_a_package_of_another_version_is_named_with_both_versions(installed, name, version, said):
    installed[name] = version
    assert said in checkup.packages().message


def test_what_is_needed_is_what_the_course_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {need.split(">")[0]: need for need in project["optional-dependencies"]["notebooks"]}
    for need in checkup.NEEDED:
        assert need == extra[Requirement(need).name]


def test_the_packages_can_be_looked_up_where_no_widget_can_be_imported():
    """It is most needed where `import anywidget` fails."""
    code = (
        "import sys; sys.modules['anywidget'] = sys.modules['ipywidgets'] = None\n"
        "from course_lib.live import checkup; print(checkup.packages())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.startswith(("Installed.", "Not ready.")), ran.stderr


def test_the_line_for_those_who_help_names_the_versions(installed):
    del installed["widgetsnbextension"]
    said = checkup.versions()
    assert said.startswith(f"Python {sys.version.split()[0]} on ")
    assert "anywidget 0.11.0" in said
    assert "widgetsnbextension missing" in said


# ----------------------------------------------------------------------------------- what arrived


def test_without_a_browser_it_lists_the_steps_for_each_front_end(installed, monkeypatch):
    said = repr(Browser(monkeypatch, answers=False).check.result())
    assert said.startswith("Nothing arrived yet. Move the slider")
    for front_end in ("JupyterLab", "Notebook 7", "VS Code", "Binder"):
        assert front_end in said
    for need in checkup.NEEDED:
        assert need in said


def test_without_a_browser_and_without_a_package_it_names_the_package(installed, monkeypatch):
    check = Browser(monkeypatch, answers=False).check
    del installed["jupyterlab_widgets"]
    said = repr(check.result())
    assert said.startswith("Nothing arrived yet. jupyterlab_widgets is not installed.")
    assert "Binder" not in said


def test_a_picture_that_was_drawn_asks_for_the_slider(monkeypatch):
    browser = Browser(monkeypatch)
    browser.shows()
    note = browser.check.result()
    assert repr(note).startswith("So far, so good. The browser draws the picture. Now move")
    assert "restart the kernel" in note.message
    assert not note.right


def test_values_without_a_picture_mean_that_the_other_front_end_is_missing(installed, monkeypatch):
    browser = Browser(monkeypatch, answers=False)
    browser.drags(3)
    said = repr(browser.check.result())
    assert said.startswith("Half of it works. The slider's values arrive")
    assert "python -m pip install anywidget==0.11.0" in said


def test_one_key_press_is_enough_to_know_that_it_works(monkeypatch):
    browser = Browser(monkeypatch)
    browser.shows()
    browser.drags(1)
    note = browser.check.result()
    assert note.right
    assert repr(note).startswith("It works. The slider reaches Python")


def test_a_drag_is_measured(monkeypatch):
    """20 ms between two moves and 20 ms for the answer are 25 pictures a second."""
    browser = Browser(monkeypatch)
    browser.shows()
    browser.drags(60)
    note = browser.check.result()
    assert note.right
    assert repr(note) == (
        "It works. From the slider to Python and back: 20 ms. "
        "Pictures while you dragged: 25 a second."
    )


def test_pictures_painted_without_the_kernel_count_too(monkeypatch):
    browser = Browser(monkeypatch, paints=3)
    browser.drags(60)
    assert "75 a second" in browser.check.result().message


def test_a_pause_does_not_count_as_slow(monkeypatch):
    browser = Browser(monkeypatch)
    browser.drags(60)
    browser.now += 3600
    browser.drags(3)
    browser.now += 60
    browser.drags(60)
    assert "25 a second" in browser.check.result().message


@pytest.mark.parametrize("trip", [0.4, 0.7, 2.0])
def test_a_slow_way_to_the_kernel_is_said(monkeypatch, trip):
    browser = Browser(monkeypatch, trip=trip)
    browser.drags(20)
    note = browser.check.result()
    assert note.right
    assert f"{1000 * trip:.0f} ms" in note.message
    assert "That is slow. On Binder" in note.message


def test_a_picture_that_stands_still_is_not_called_working(monkeypatch):
    browser = Browser(monkeypatch, paints=0)
    browser.drags(60)
    note = browser.check.result()
    assert not note.right
    assert "the picture does not move" in note.message


def test_the_line_under_the_explorer_says_what_the_check_says(monkeypatch):
    browser = Browser(monkeypatch)
    assert browser.line.said == checkup.DRAWN
    gray = browser.line.color
    browser.drags(60)
    assert browser.line.said.startswith("It works. From the slider to Python and back: 20 ms.")
    assert browser.line.color != gray


def test_every_control_is_watched(monkeypatch):
    browser = Browser(monkeypatch)
    browser.explorer.controls["dashed"].value = True
    assert browser.check.result().right
