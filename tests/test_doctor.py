"""The doctor names what is missing and what to do, and never fails itself."""

from collections import namedtuple
from importlib import metadata

import pytest

from course_lib import checkup, doctor, progress


def findings():
    return {finding.what: finding for finding in doctor.examine()}


def test_every_finding_that_is_not_good_says_what_to_do(monkeypatch, tmp_path, capsys):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", absent)
    monkeypatch.setattr(checkup, "_installed", lambda name: None)
    monkeypatch.setattr(doctor, "find_mnist", lambda: None)
    monkeypatch.setattr(doctor.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage(1e6))
    found = findings()
    wrong = [finding for finding in found.values() if not finding.good]
    assert {finding.what for finding in wrong} >= {
        "Python",
        "widgets, in Python",
        "widgets, in the browser",
        "PyTorch",
        "MNIST",
        "disk",
    }
    assert all(finding.remedy for finding in wrong)
    assert doctor.main() == len(wrong)
    assert "things need a look" in capsys.readouterr().out


def test_a_computer_with_everything_is_told_so(monkeypatch, capsys):
    good = [doctor.Finding("Python", True, "3.12"), doctor.Finding("disk", True, "9 GB free")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(good))
    assert doctor.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All is well."


def test_another_torch_than_the_pinned_one_is_noticed(monkeypatch):
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "2.14.0+cpu")
    finding = doctor._torch()
    assert not finding.good
    assert doctor.TORCH in finding.remedy


def test_the_pinned_torch_is_the_one_of_pyproject():
    from pathlib import Path

    text = Path(doctor.__file__).parents[1].joinpath("pyproject.toml").read_text()
    assert f"torch=={doctor.TORCH}" in text


@pytest.mark.parametrize("text", ["{", ""])
def test_a_damaged_progress_file_is_found(monkeypatch, tmp_path, text):
    file = tmp_path / "progress.json"
    file.write_text(text)
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    assert "damaged" in findings()["your progress"].found
    assert progress.solved() == set()
