"""Build the course for the browser: JupyterLab without a server, Python in the reader's page.

    python docs/site/lite.py [--out FOLDER] [--offline] [--pyodide PLACE]

`python course.py site` calls it. The folder `lab/` of the website then holds every lecture with its
guides, the course's own package and a lock file that says where each package comes from, so that no
notebook installs anything. Python itself (Pyodide) lies beside it. Its packages come from Pyodide's
CDN, or with `--offline` from the same folder, for a campus without internet. `--pyodide` names a
folder or a zip file (a wheel, too) with a Pyodide distribution; without it the files are fetched
from the CDN. Each file is compared with its hash, here or in `pyodide-lock.json`: what is published
is what was tested.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WHEELS = HERE / "lite-wheels.txt"  # what Pyodide lacks, pinned by hash; front ends are in them
LOCK = HERE / "pyodide-lock.json"  # what of Pyodide's own packages is used, pinned by hash
NEEDS_TORCH = "needs-torch"  # the tag of a cell that cannot run where there is no PyTorch

CDN = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/"
PYODIDE_FILES = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}
# What the kernel asks for by name and the course has no use for: 4 MB less to wait for. Each
# becomes an empty package, as IPython and the standard library do without them.
LEFT_OUT = ("ssl", "jedi")
# What the course's own package imports there; a cell that imports the course brings all of it.
USED = (
    "numpy",
    "matplotlib",
    "anywidget",
    "ipywidgets",
    "array-api-compat",
    "platformdirs",
    "tqdm",
    "threadpoolctl",
)


# Stands at the top of each notebook of the lab.
HERE_RUNS = (
    "> **Python runs in this page**; nothing is installed, and your changes and your progress stay "
    "in this browser. To stop a cell that takes too long, choose *Kernel → Restart Kernel*: "
    "*Interrupt* has no effect here."
)


class LiteError(Exception):
    """Something the person who builds can do something about; its text is all that is shown."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=Path, default=ROOT / "build" / "site" / "lab")
    options.add_argument("--offline", action="store_true", help="keep all of Pyodide on the site")
    options.add_argument("--pyodide", default=os.environ.get("COURSE_PYODIDE"))
    chosen = options.parse_args()
    try:
        build(chosen.out, distribution(chosen.pyodide), offline=chosen.offline)
    except LiteError as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"The course in the browser is in {chosen.out}.")
    return 0


def build(out: Path, fetch: Callable[[str], bytes], *, offline: bool) -> None:
    """Write the whole of `lab/` to `out`.

    Parameters
    ----------
    out : Path
        The folder to write; what is there is replaced.
    fetch : callable
        Returns a file of the Pyodide distribution by its name, as `distribution` makes it.
    offline : bool
        Whether all of Pyodide's packages are kept on the site.
    """
    with tempfile.TemporaryDirectory(prefix="course-lite-") as place:
        work = Path(place)
        content, wheels = work / "content", work / "wheels"
        gather(content)
        wheels.mkdir()
        pip("download", "--no-deps", "--require-hashes", "-r", WHEELS, "-d", wheels)
        pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
        jupyterlite(work, out, content, wheels)
        pyodide(out / "pyodide", fetch, wheels, offline=offline)
        with_progress(out)


def pip(*arguments: Any) -> None:
    """Run pip quietly, or say what it said."""
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    command += ["--quiet", "--disable-pip-version-check"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise LiteError(f"pip could not get what the lab needs:\n{ended.stderr[-1500:]}")


# ------------------------------------------------------------------------------------ notebooks


def gather(content: Path) -> None:
    """Put what a reader opens into `content`, at the places that the links name."""
    from course_lib import mnist

    for folder in ("notebooks", "docs"):
        (content / folder).mkdir(parents=True)
        for path in sorted(ROOT.glob(f"{folder}/*.ipynb")):
            book = json.loads(path.read_text(encoding="utf-8"))
            text = json.dumps(for_the_browser(book, path.name), ensure_ascii=False, indent=1)
            (content / folder / path.name).write_text(text, encoding="utf-8")
    for page in [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("*.md")), ROOT / "LICENSE"]:
        shutil.copy(page, content / page.relative_to(ROOT))
    shutil.copytree(ROOT / "docs" / "images", content / "docs" / "images")
    try:
        digits = mnist.fetch()  # a page cannot download them
    except mnist.MnistUnavailable as unavailable:
        raise LiteError(f"The lab shows digits of MNIST. {unavailable}") from None
    (content / "data").mkdir()
    for path in sorted(digits.glob("*-ubyte*")):
        packed = path.suffix == ".gz"
        name = path.name if packed else f"{path.name}.gz"
        data = path.read_bytes()
        (content / "data" / name).write_bytes(data if packed else gzip.compress(data, mtime=0))


def for_the_browser(book: dict, name: str) -> dict:
    """Return a notebook whose cells all run without PyTorch.

    A cell with the tag `needs-torch` becomes its text and its stored result. A note at the top says
    what is different in a page, and where the whole notebook runs.

    Parameters
    ----------
    book : dict
        The notebook, as its JSON says.
    name : str
        Its file's name, for the links to where it runs whole.
    """
    cells = [
        shown(cell) if NEEDS_TORCH in cell["metadata"].get("tags", []) else plain(cell)
        for cell in book["cells"]
        if cell.get("id") != "colab"  # has no use here
    ]
    note = HERE_RUNS
    if any(NEEDS_TORCH in cell["metadata"].get("tags", []) for cell in cells):
        note += elsewhere(name)
    cells.insert(1, {"cell_type": "markdown", "id": "lab-note", "metadata": {}, "source": note})
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    kernel = {"name": "python", "display_name": "Python (in this page)", "language": "python"}
    return book | {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": language}}


def elsewhere(name: str) -> str:
    """Return the words that say where a notebook with PyTorch runs whole."""
    binder = f"https://mybinder.org/v2/gh/OWNER/how-neural-networks-learn/HEAD?urlpath=lab/tree/notebooks/{name}"
    colab = f"https://colab.research.google.com/github/OWNER/how-neural-networks-learn/blob/main/notebooks/{name}"
    return (
        " PyTorch does not run in a browser, so the cells that need it are shown with their stored "
        "results; all other cells run here. To run the whole notebook, open it "
        f"[on Binder]({binder}) or [in Colab]({colab}), or install the course (see the "
        "[README](../README.md))."
    )


def plain(cell: dict) -> dict:
    """Return a cell with its text as one string: JupyterLite passes lists on as they are."""
    made = cell | {"source": joined(cell["source"])}
    if cell["cell_type"] == "code":
        made["outputs"] = [
            {key: joined(value) if key == "text" else value for key, value in output.items()}
            | (
                {"data": {kind: joined(value) for kind, value in output["data"].items()}}
                if "data" in output
                else {}
            )
            for output in cell["outputs"]
        ]
    return made


def joined(text: Any) -> Any:
    """Return the lines of a notebook's text as one string; anything else as it is."""
    lines = isinstance(text, list) and all(isinstance(line, str) for line in text)
    return "".join(text) if lines else text


def shown(cell: dict) -> dict:
    """Return a code cell as text: its code, and below it what it gave when it was stored."""
    parts, pictures = [f"```python\n{joined(cell['source'])}\n```"], {}
    outputs = [part for part in plain(cell).get("outputs", []) if part["output_type"] != "error"]
    if outputs:
        parts.append("*This cell needs PyTorch. What it gives:*")
    for number, output in enumerate(outputs):
        data = output.get("data", {})
        if "image/png" in data:
            name = f"{number}.png"
            pictures[name] = {"image/png": data["image/png"].replace("\n", "")}
            alt = re.sub(r"[\[\]\n]", " ", data.get("text/plain", "")).strip()
            parts.append(f"![{alt}](attachment:{name})")
        elif "text/markdown" in data:
            parts.append(data["text/markdown"])
        elif "text/plain" in data or "text" in output:
            text = output.get("text", data.get("text/plain", "")).rstrip()
            parts.append(f"```text\n{text}\n```")
    made = {"cell_type": "markdown", "id": cell["id"], "metadata": cell["metadata"]}
    return made | {"source": "\n\n".join(parts)} | ({"attachments": pictures} if pictures else {})


# ------------------------------------------------------------------------------------ the site


def jupyterlite(work: Path, out: Path, content: Path, wheels: Path) -> None:
    """Let JupyterLite write its pages, with the front ends of the sliders and the kernel."""
    lite = work / "lite"
    lite.mkdir()
    kernel = Path(sys.prefix, "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension")
    fronts = [*wheels.glob("anywidget-*.whl"), *wheels.glob("jupyterlab_widgets-*.whl"), kernel]
    settings = {
        "LiteBuildConfig": {
            "contents": [str(content)],
            "output_dir": str(out.resolve()),
            "apps": ["lab", "notebooks", "tree"],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": list(map(str, fronts)),
        }
    }
    options = {"lockFileURL": "./pyodide/pyodide-lock.json", "packages": []}
    plugin = {"pyodideUrl": "./pyodide/pyodide.js", "disablePyPIFallback": True}
    about = {
        "appName": "How neural networks learn",
        "exposeAppInBrowser": True,
        "litePluginSettings": {
            "@jupyterlite/pyodide-kernel-extension:kernel": plugin | {"loadPyodideOptions": options}
        },
    }
    overrides = {
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    }
    (lite / "jupyter_lite_config.json").write_text(json.dumps(settings))
    whole = {"jupyter-lite-schema-version": 0, "jupyter-config-data": about}
    (lite / "jupyter-lite.json").write_text(json.dumps(whole))
    (lite / "overrides.json").write_text(json.dumps(overrides))
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    ended = subprocess.run(command, cwd=lite, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise LiteError(
            f"JupyterLite could not build the lab:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        )


# ------------------------------------------------------------------------------------ packages


def distribution(place: str | None) -> Callable[[str], bytes]:
    """Return a function that returns a file of the Pyodide distribution at `place` by its name.

    Parameters
    ----------
    place : str or None
        A folder, or a zip file in any folder of which the files lie; None fetches from the CDN.

    Raises
    ------
    LiteError
        If there is no such place.
    """
    if place is None:
        return lambda name: urllib.request.urlopen(CDN + name, timeout=60).read()
    path = Path(place)
    if path.is_dir():
        return lambda name: (path / name).read_bytes()
    if not zipfile.is_zipfile(path):
        raise LiteError(f"--pyodide must name a folder or a zip file with Pyodide, got {place}.")
    archive = zipfile.ZipFile(path)
    inside = {Path(name).name: name for name in archive.namelist()}
    return lambda name: archive.read(inside[name])


def pyodide(
    target: Path, fetch: Callable[[str], bytes], wheels: Path, *, offline: bool
) -> dict[str, dict]:
    """Put Python, the wheels and a lock file that names every package into `target`; return it.

    The lock holds only what the course can load. The addresses are relative to the lock's folder,
    so the site works at any address; without `offline` those of Pyodide's packages are the CDN's.
    """
    target.mkdir(parents=True)
    for name, digest in PYODIDE_FILES.items():
        (target / name).write_bytes(fetched(fetch, name, digest))
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    known = lock["packages"]
    for name in LEFT_OUT:
        known[name] = known.get(name, {}) | empty_package(name, target)
    own = sorted(wheels.glob("*.whl"))
    names = {normal(path.name.split("-")[0]) for path in own} | set(known)
    for path in own:
        shutil.copy(path, target)
        entry = entry_of(path, names)
        known[entry["name"]] = entry
    known["course-lib"]["depends"] = [name for name in USED if name in known]
    kept = needed(known, ["course-lib", "ipython", "micropip", *LEFT_OUT])
    for entry in kept.values():
        name = entry["file_name"]
        if not (target / name).exists():
            data = fetched(fetch, name, entry["sha256"])
            entry["size"] = len(data)
            if offline:
                (target / name).write_bytes(data)
            else:
                entry["file_name"] = CDN + name
    for path in set(target.glob("*.whl")) - {
        target / entry["file_name"] for entry in kept.values()
    }:
        path.unlink()
    lock["packages"] = kept
    (target / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return kept


def with_progress(out: Path) -> None:
    """Let the pages say what they load: lite.js, and the list of files it fetches and watches."""
    place = out / "pyodide"
    lock = json.loads((place / "pyodide-lock.json").read_text(encoding="utf-8"))
    first = [
        {"name": name, "address": name, "size": (place / name).stat().st_size}
        for name in PYODIDE_FILES
    ]
    packages = [
        {"name": entry["name"], "address": entry["file_name"], "size": entry["size"]}
        for entry in lock["packages"].values()
    ]
    text = json.dumps(first + sorted(packages, key=lambda file: -file["size"]))
    (place / "files.json").write_text(text, encoding="utf-8")
    shutil.copy(HERE / "lite.js", out)
    for page in (out / "notebooks" / "index.html", out / "lab" / "index.html"):
        html = page.read_text(encoding="utf-8")
        script = '<script type="module" src="../lite.js"></script>'
        page.write_text(html.replace("</head>", f"  {script}\n  </head>", 1), encoding="utf-8")


def needed(known: dict[str, dict], wanted: list[str]) -> dict[str, dict]:
    """Return the packages among `known` that `wanted` and what they depend on ask for."""
    kept: dict[str, dict] = {}
    while wanted:
        name = normal(wanted.pop())
        if name in known and name not in kept:
            kept[name] = known[name]
            wanted += known[name]["depends"]
    return dict(sorted(kept.items()))


def fetched(fetch: Callable[[str], bytes], name: str, digest: str) -> bytes:
    """Return a file of Pyodide whose hash is right."""
    try:
        data = fetch(name)
    except (OSError, KeyError) as error:
        raise LiteError(f"Pyodide's file {name} could not be had: {error}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise LiteError(f"Pyodide's file {name} is not the one that was tested (sha256 {found}).")
    return data


def entry_of(path: Path, names: set[str]) -> dict:
    """Return what a lock file says of a wheel; of what it depends on, only the `names`."""
    with zipfile.ZipFile(path) as wheel:
        files = wheel.namelist()
        about = next(name for name in files if name.endswith(".dist-info/METADATA"))
        meta = Parser().parsestr(wheel.read(about).decode("utf-8"))
    tops = {
        name.split("/")[0].removesuffix(".py")
        for name in files
        if name.endswith(".py") and ".data/" not in name and ".dist-info/" not in name
    }
    requires = [line for line in meta.get_all("Requires-Dist", []) if "extra ==" not in line]
    found = [normal(re.match(r"[\w.-]+", line)[0]) for line in requires]
    return locked(
        normal(meta["Name"]),
        meta["Version"],
        path.name,
        path.read_bytes(),
        sorted(tops),
        [name for name in found if name in names],
    )


def empty_package(name: str, target: Path) -> dict:
    """Write a wheel with nothing in it, in place of a package that is left out."""
    file, about = io.BytesIO(), f"{name}-0.0.0.dist-info"
    with zipfile.ZipFile(file, "w") as wheel:
        for part, text in (
            ("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.0\n"),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("RECORD", ""),
        ):
            wheel.writestr(zipfile.ZipInfo(f"{about}/{part}"), text)
    (target / f"{name}-0.0.0-py3-none-any.whl").write_bytes(file.getvalue())
    return locked(name, "0.0.0", f"{name}-0.0.0-py3-none-any.whl", file.getvalue(), [], [])


def locked(
    name: str, version: str, file: str, data: bytes, imports: list[str], depends: list[str]
) -> dict:
    """Return an entry of a lock file."""
    return {
        "name": name,
        "version": version,
        "file_name": file,
        "install_dir": "site",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "package_type": "package",
        "imports": imports,
        "depends": depends,
        "unvendored_tests": False,
    }


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
