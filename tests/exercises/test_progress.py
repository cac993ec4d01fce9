"""What is remembered of a reader's progress, and what happens where it cannot be."""

import json
import os
import sys
import threading

import pytest

from course_lib.exercises import every, exercise, progress
from course_lib.exercises.progress import Bar, record, reset_progress, solved

ALL_OF_1 = sum(each.number.startswith("1.") for each in every())


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "reader" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    monkeypatch.setattr(progress, "_bars", [])
    return path


def test_a_right_answer_is_remembered_and_a_wrong_one_is_not(file):
    exercise("1.1").check(3.27)
    assert solved() == set()
    assert not file.exists()
    exercise("1.1").check(2.73)
    assert solved() == {"1.1"}
    assert json.loads(file.read_text()) == {"solved": ["1.1"]}
    assert os.listdir(file.parent) == ["progress.json"]


def test_the_bar_counts_the_exercises_of_a_lecture_in_words_and_as_an_element(file):
    assert repr(Bar(1, solved())) == (
        f"Lecture 1 · Gradient basics: 0 of {ALL_OF_1} exercises solved."
    )
    record("1.1")
    record("1.3")
    shown = Bar(1, solved())
    assert f"2 of {ALL_OF_1} exercises solved." in repr(shown)
    assert f'<progress style="width: 11em; accent-color: #009E73" max="{ALL_OF_1}" value="2"' in (
        shown._repr_html_()
    )
    lectures = {each.number.split(".")[0] for each in every()}
    assert len(repr(Bar(None, solved())).splitlines()) == len(lectures)


def test_a_bar_on_the_page_grows_when_an_exercise_is_solved(file, monkeypatch):
    class Place:
        shown = None

        def update(self, bar):
            self.shown = repr(bar)

    handle = Place()
    monkeypatch.setattr(progress, "_bars", [(handle, 1)])
    exercise("1.1").check(2.73)
    assert f"1 of {ALL_OF_1}" in handle.shown
    assert "reset" in reset_progress()
    assert f"0 of {ALL_OF_1}" in handle.shown
    assert solved() == set()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"solved": [1]}', '{"solved": 3}', "\x00"])
def test_a_damaged_file_is_a_note_and_the_next_answer_begins_anew(file, text):
    file.parent.mkdir()
    file.write_text(text)
    assert solved() == set()
    assert "damaged" in repr(Bar(1, solved()))
    assert exercise("1.1").check(2.73).right
    assert solved() == {"1.1"}
    assert "damaged" not in repr(Bar(1, solved()))


def test_a_folder_that_cannot_be_written_is_a_note_and_the_answer_is_still_right(file):
    file.parent.parent.joinpath("reader").write_text("a file where the folder should be")
    result = exercise("1.1").check(2.73)
    assert result.right
    assert "Your progress could not be saved" in result.message
    assert "could not be saved" in reset_progress()


def test_a_full_disk_leaves_the_file_as_it_was(file, monkeypatch):
    record("1.1")

    def full(*what):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress.json, "dump", full)
    assert "No space left on device" in record("1.2")
    assert solved() == {"1.1"}
    assert os.listdir(file.parent) == ["progress.json"]


def test_many_notebooks_at_once_leave_a_whole_file(file):
    numbers = [f"9.{i}" for i in range(20)]
    threads = [threading.Thread(target=record, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert solved() <= set(numbers)
    assert solved()


def test_a_lecture_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"lecture must be one of 1, 2, .*, got 99"):
        progress.progress(99)


def test_the_file_lies_in_the_reader_s_own_folder(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS")
    assert progress.place().name == "progress.json"
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
        assert str(progress.place()).startswith("/somewhere/how-neural-networks-learn")
