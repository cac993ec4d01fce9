"""What docs/classroom.md and the badges promise: links that lead there, commands that do it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BINDER = (ROOT / "environment.yml").read_bytes()
NOTEBOOKS = sorted(path.name for path in ROOT.glob("notebooks/*.ipynb"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
REPOSITORY = re.search(r"mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/HEAD", README)[1]
NAME = REPOSITORY.split("/")[1]

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
needs_bash = pytest.mark.skipif(os.name == "nt", reason="these are commands for bash")


def blocks(language: str, page: str = PAGE) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page)


def git(folder: Path, *words: object) -> str:
    name = ["-c", "user.name=course", "-c", "user.email=course@example.org"]
    call = ["git", *name, *map(str, words)]
    return subprocess.run(call, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone of a repository that holds the course as it is here, and may be pushed to."""
    work = tmp_path / "work"
    left = shutil.ignore_patterns(".git", ".venv*", "build", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, work, ignore=left, symlinks=True)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "course")
    git(tmp_path, "clone", "-q", "--bare", work, "origin.git")
    git(work, "remote", "add", "origin", tmp_path / "origin.git")
    git(work, "config", "user.name", "course")
    git(work, "config", "user.email", "course@example.org")
    return work


# ------------------------------------------------------------------------------------- the badges


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_notebook_has_a_row_with_a_badge_and_a_link_to_colab(notebook):
    (row,) = re.findall(rf"(?m)^\| `{notebook[:-6]}` \|.*$", README)
    alt, badge = re.search(r"\[!\[([^\]]+)\]\([^)]+\)\]\(([^)]+)\)", row).groups()
    address = urlsplit(badge)
    assert address.netloc == "mybinder.org"
    assert address.path == f"/v2/gh/{REPOSITORY}/HEAD"
    # JupyterLab, at this notebook.
    assert parse_qs(address.query) == {"urlpath": [f"lab/tree/notebooks/{notebook}"]}
    assert "Binder" in alt
    colab = re.search(r"\[Colab\]\(([^)]+)\)", row)[1]
    start = f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/notebooks/"
    assert colab == start + notebook


def test_the_alternative_texts_of_the_badges_tell_them_apart():
    rows = re.findall(r"(?m)^\| `\d\d_\w+` \|.*?\[!\[([^\]]+)\]", README)
    assert len(rows) == len(set(rows)) == 9


@needs_git
def test_one_command_of_the_readme_lets_all_links_lead_to_a_copy_and_then_to_another(clone):
    assert "`python course.py owner YOU/YOUR-COPY`" in README
    owner, name = REPOSITORY.split("/")
    program = [sys.executable, "course.py", "owner"]
    for you, copy in (("someone", "old-copy"), ("someone", "old-copy"), ("YOU", "YOUR-COPY")):
        subprocess.run([*program, f"{you}/{copy}"], cwd=clone, check=True)
        for gone in {owner, name, "someone", "old-copy"} - {you, copy}:
            command = ["git", "grep", "-In", gone, "--", ".", ":!tests", ":!CHANGELOG.md"]
            found = subprocess.run(command, cwd=clone, capture_output=True, text=True).stdout
            lines = [line for line in found.splitlines() if "user_data_path" not in line]
            assert not lines, lines
    assert "mybinder.org/v2/gh/YOU/YOUR-COPY/HEAD" in (clone / "README.md").read_text("utf-8")
    assert "git+https://github.com/YOU/YOUR-COPY" in (clone / "binder/fast/postBuild").read_text()
    assert "YOU%252FYOUR-COPY" in (clone / "docs" / "classroom.md").read_text("utf-8")
    for notebook in clone.glob("notebooks/*.ipynb"):
        json.loads(notebook.read_text("utf-8"))


@needs_git
def test_in_a_clone_of_a_copy_on_github_the_command_needs_no_name(clone):
    address = ["git", "remote", "set-url", "origin", "git@github.com:someone/a-copy.git"]
    subprocess.run(address, cwd=clone, check=True)
    subprocess.run([sys.executable, "course.py", "owner"], cwd=clone, check=True)
    assert "github.com/someone/a-copy" in (clone / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", [[], ["me"], ["me/it/else"], ["me/it", "too"]])
def test_the_command_says_what_it_needs(name, tmp_path):
    shutil.copy(ROOT / "course.py", tmp_path)
    asked = [sys.executable, "course.py", "owner", *name]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "YOU/YOUR-COPY" in done.stderr


# -------------------------------------------------------------------------------------- the links


def links(monkeypatch, capsys) -> list[str]:
    """Return what the page's few lines of Python print in the course's folder."""
    monkeypatch.chdir(ROOT)
    (code,) = [block for block in blocks("python") if "urlencode" in block]
    exec(code, {})
    return capsys.readouterr().out.split()


def test_the_printed_links_lead_to_every_notebook_and_the_page_gives_one(monkeypatch, capsys):
    printed = links(monkeypatch, capsys)
    assert len(printed) == len(NOTEBOOKS)
    for link, notebook in zip(printed, NOTEBOOKS, strict=True):
        address = urlsplit(link)
        assert address.path == "/hub/user-redirect/git-pull"
        parts = {name: value for name, (value,) in parse_qs(address.query).items()}
        # nbgitpuller names the folder after the end of the repository's address.
        folder = parts["repo"].split("/")[-1]
        assert parts == {
            "repo": f"https://github.com/{REPOSITORY}",
            "branch": "main",
            "urlpath": f"lab/tree/{folder}/notebooks/{notebook}",
        }
    shown = re.search(r"https://HUB/hub/user-redirect/git-pull\?repo=\S+ipynb", PAGE)[0]
    assert shown in printed


def test_the_link_for_binder_is_the_same_one_packed_once_more(monkeypatch, capsys):
    shown = re.search(rf"https://mybinder\.org/v2/gh/{REPOSITORY}/binder\?urlpath=(\S+)", PAGE)[1]
    printed = [link.split("user-redirect/")[1] for link in links(monkeypatch, capsys)]
    assert unquote(shown) in printed


# ------------------------------------------------------------------- the branch for fast launches


@needs_git
@needs_bash
def test_the_branch_for_fast_launches_holds_the_environment_alone(clone):
    (commands,) = [block for block in blocks("bash") if "switch --orphan" in block]
    for _ in range(2):  # made, and made again later
        subprocess.run(["bash", "-ec", commands], cwd=clone, check=True, capture_output=True)
        assert git(clone, "branch", "--show-current").strip() == "main"
        assert git(clone, "status", "--porcelain") == ""
    branch = clone.with_name("branch")
    git(clone.parent, "clone", "-q", "--branch", "binder", "origin.git", branch)
    assert git(branch, "ls-files").split() == ["environment.yml", "postBuild"]
    assert os.access(branch / "postBuild", os.X_OK)
    *others, packages = yaml.safe_load((branch / "environment.yml").read_bytes())["dependencies"]
    *same, known = yaml.safe_load(BINDER)["dependencies"]
    assert others == same
    (puller,) = [word for word in packages["pip"] if word not in known["pip"]]
    assert puller == next(w for w in EXTRAS["hub"] if w.startswith("nbgitpuller")).split(";")[0]

    pytest.importorskip("repo2docker", reason="repo2docker does not install on this system")
    call = [sys.executable, "-m", "repo2docker", "--no-build", branch]
    answer = subprocess.run(call, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert any('--file "environment.yml"' in line for line in lines)
    assert "RUN ./postBuild" in lines


@needs_bash
@pytest.mark.parametrize("mnist", [True, False])
def test_its_kernel_takes_the_fetched_course_and_mnist_where_it_is(mnist, tmp_path, monkeypatch):
    """Run postBuild with a python that writes down how it is called, and of its own a kernel."""
    fake = tmp_path / "python"
    fake.write_text(
        f'#!/bin/sh\necho "$XDG_CACHE_HOME|$*" >> {tmp_path}/calls\n'
        f'case "$*" in\n  *sys.prefix*) echo {tmp_path}/prefix;;\n'
        f"  *course_lib.data*) exit {0 if mnist else 1};;\n"
        f'  *ipykernel*) shift 2; exec {sys.executable} -m ipykernel "$@" --prefix {tmp_path};;\n'
        "esac\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # The place is the test's own, not the environment's that runs it.
    script = (ROOT / "binder" / "fast" / "postBuild").read_text()
    script = script.replace("--sys-prefix ", "")
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert f"course-lib @ git+https://github.com/{REPOSITORY}" in calls[0]
    assert "--no-deps" in calls[0]
    assert f"{tmp_path}/prefix/share|-m course_lib.data" in calls
    kernel = json.loads((tmp_path / "share/jupyter/kernels/python3/kernel.json").read_text())
    wanted = {"PYTHONPATH": f"{tmp_path}/home/{NAME}"}
    if mnist:
        wanted["COURSE_DATA"] = f"{tmp_path}/prefix/share/course-lib/mnist"
    assert kernel["env"] == wanted
    assert ("could not be fetched" in answer.stdout) is not mnist


# ------------------------------------------------------------------------------------- the servers


def test_the_littlest_hub_installs_what_the_course_asks_for():
    commands = "\n".join(blocks("bash"))
    version = EXTRAS["torch"][0]
    assert f'--extra-index-url https://download.pytorch.org/whl/cpu "{version}+cpu"' in commands
    assert f"course-lib[notebooks] @ git+https://github.com/{REPOSITORY}" in commands


def test_the_data_goes_where_the_servers_are_told_to_look(tmp_path):
    (folder,) = re.findall(r"sudo XDG_CACHE_HOME=(\S+)", PAGE)
    (code,) = [block for block in blocks("python") if "Spawner" in block]
    c = SimpleNamespace(Spawner=SimpleNamespace())
    exec(code, {"c": c})
    named = c.Spawner.environment["COURSE_DATA"]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ask = "from course_lib.mnist import cache_folder; print(cache_folder())"
    if sys.platform.startswith("linux"):
        call = [sys.executable, "-c", ask]
        answer = subprocess.check_output(call, env=environment, text=True).strip()
        assert answer.replace(str(tmp_path), folder) == named


def test_what_all_servers_set_is_what_course_py_sets():
    settings = ast.parse((ROOT / "course.py").read_text(encoding="utf-8"))
    known = {
        node.args[0].value: node.args[1].value
        for node in ast.walk(settings)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setdefault"
    }
    c = SimpleNamespace(Spawner=SimpleNamespace())
    exec(next(block for block in blocks("python") if "Spawner" in block), {"c": c})
    helm = yaml.safe_load(blocks("yaml")[0])["singleuser"]["extraEnv"]
    assert known
    for told in (c.Spawner.environment, helm):
        assert {name: told[name] for name in known} == known


def test_the_values_for_kubernetes_are_whole():
    values, shared = map(yaml.safe_load, blocks("yaml"))
    user = values["singleuser"]
    assert user["image"]["name"] in "\n".join(blocks("bash"))
    assert isinstance(user["image"]["tag"], str)  # helm takes a bare 1 for a number
    assert all(isinstance(value, str) for value in user["extraEnv"].values())
    memory = user["memory"]
    assert float(memory["guarantee"][:-1]) < float(memory["limit"][:-1]) <= 2  # as Binder has it
    (volume,) = shared["storage"]["extraVolumes"]
    (mount,) = shared["storage"]["extraVolumeMounts"]
    assert volume["name"] == mount["name"]
    assert volume["persistentVolumeClaim"]["readOnly"]
    assert mount["readOnly"]
    assert shared["extraEnv"]["COURSE_DATA"].startswith(mount["mountPath"])


@pytest.mark.parametrize("number", range(len(blocks("bash"))))
@needs_bash
def test_the_commands_are_bash(number):
    subprocess.run(["bash", "-n"], input=blocks("bash")[number], text=True, check=True)


def test_a_codespace_lets_its_own_page_in_and_no_other():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    *_, option = json.loads(text)["postAttachCommand"]
    name, _, pattern = option.partition("=")
    assert name == "--ServerApp.allow_origin_pat"
    # A codespace hands requests on as if they came to localhost, which Jupyter would refuse. The
    # server matches the pattern from the start of the address that the browser shows.
    assert re.match(pattern, "https://fuzzy-guide-w7rqx9-8888.app.github.dev")
    for other in ("https://example.org", "https://x-8888.app.github.dev.example.org"):
        assert not re.match(pattern, other)


@needs_git
def test_the_link_brings_as_much_to_each_student_as_the_page_says(clone):
    """nbgitpuller fetches the newest version alone, packed, and unpacks it."""
    files = [clone / name for name in git(clone, "ls-files").splitlines()]
    contents = [path.read_bytes() for path in files if not path.is_symlink()]
    unpacked = sum(map(len, contents)) / 1e6
    packed = sum(len(zlib.compress(content)) for content in contents) / 1e6
    said = re.search(r"downloads about (\d+) MB for each student, which become (\d+) MB", PAGE)
    assert [int(said[1]), int(said[2])] == pytest.approx([packed, packed + unpacked], rel=0.15)
