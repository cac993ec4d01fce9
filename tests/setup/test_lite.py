"""What the course in the browser is built from: notebooks without torch, packages by their hash."""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
import lite

ROOT = lite.ROOT
BOOKS = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("docs/*.ipynb"))]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_cell_that_needs_torch_becomes_text_with_what_it_gave(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    made = lite.for_the_browser(book, path.name)
    nbformat.validate(nbformat.from_dict(made | {"nbformat": 4, "nbformat_minor": 5}))
    cells = {cell["id"]: cell for cell in made["cells"]}
    needs = [cell for cell in book["cells"] if "needs-torch" in cell["metadata"].get("tags", [])]
    for cell in needs:
        text = cells[cell["id"]]
        assert text["cell_type"] == "markdown"
        assert "".join(cell["source"]) in text["source"]
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                assert "".join(output["text"]).rstrip() in text["source"]
            if picture := output.get("data", {}).get("image/png"):
                held = [part["image/png"] for part in text["attachments"].values()]
                assert "".join(picture).replace("\n", "") in held
    note = cells["lab-note"]["source"]
    for place in ("mybinder.org", "colab.research.google.com"):
        assert (place in note) == bool(needs)
    assert "Interrupt" in note


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_all_other_cells_stay_as_they_are(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    made = {c["id"]: c for c in lite.for_the_browser(book, path.name)["cells"]}
    for cell in book["cells"]:
        if "needs-torch" not in cell["metadata"].get("tags", []) and cell["id"] != "colab":
            assert made[cell["id"]]["source"] == "".join(cell["source"])
            assert made[cell["id"]]["cell_type"] == cell["cell_type"]


def wheel(folder: Path, name: str, depends: tuple[str, ...] = ()) -> Path:
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {each}" for each in depends]
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{name.replace('-', '_')}/__init__.py", "")
        made.writestr(f"{name.replace('-', '_')}-1.0.dist-info/METADATA", "\n".join(lines))
    return path


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A distribution of one package, and a course that needs it; return how to build with it."""
    files = {"pyodide.js": b"python", "numpy.whl": b"numbers", "scipy.whl": b"not needed"}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    known = {
        name: {
            "name": name,
            "file_name": f"{name}.whl",
            "sha256": digests[f"{name}.whl"],
            "depends": [],
        }
        for name in ("numpy", "scipy")
    }
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"packages": known}))
    monkeypatch.setattr(lite, "LOCK", lock)
    monkeypatch.setattr(lite, "PYODIDE_FILES", {"pyodide.js": digests["pyodide.js"]})
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "course-lib", ("numpy>=2", "tqdm", "unheard-of", 'pytest; extra == "tests"'))
    wheel(wheels, "tqdm")

    def build(offline: bool, **changed: bytes) -> tuple[Path, dict]:
        target = tmp_path / f"out-{offline}"
        have = files | {name.replace("_", "."): data for name, data in changed.items()}
        return target, lite.pyodide(target, have.__getitem__, wheels, offline=offline)

    return build


def test_only_what_the_course_needs_is_in_the_lock(packages):
    target, kept = packages(offline=True)
    assert set(kept) == {"course-lib", "numpy", "tqdm", *lite.LEFT_OUT}
    assert kept["course-lib"]["depends"] == ["numpy", "tqdm"]
    assert kept["course-lib"]["imports"] == ["course_lib"]
    assert json.loads((target / "pyodide-lock.json").read_text())["packages"] == kept
    for entry in kept.values():
        data = (target / entry["file_name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert not (target / "scipy.whl").exists()


def test_what_is_left_out_is_an_empty_package(packages):
    target, kept = packages(offline=True)
    for name in lite.LEFT_OUT:
        with zipfile.ZipFile(io.BytesIO((target / kept[name]["file_name"]).read_bytes())) as made:
            assert not [file for file in made.namelist() if not file.startswith(f"{name}-")]


def test_pyodides_packages_come_from_its_network_unless_the_site_is_to_need_none(packages):
    target, kept = packages(offline=False)
    assert kept["numpy"]["file_name"] == lite.CDN + "numpy.whl"
    assert not (target / "numpy.whl").exists()
    assert (target / kept["course-lib"]["file_name"]).exists()  # ours are nowhere else


@pytest.mark.parametrize("name", ["pyodide_js", "numpy_whl"])
def test_a_file_that_is_not_the_one_that_was_tested_stops_the_build(packages, name):
    with pytest.raises(lite.LiteError, match=name.replace("_", ".")):
        packages(offline=False, **{name: b"something else"})


def test_a_place_without_pyodide_is_named(tmp_path):
    (tmp_path / "no.zip").write_text("no archive")
    with pytest.raises(lite.LiteError, match=r"no\.zip"):
        lite.distribution(str(tmp_path / "no.zip"))
