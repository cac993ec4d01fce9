"""The browser's modules become one, in a form that is simple enough to be sure of."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from course_lib.live import front


def test_every_module_is_joined_after_those_it_imports():
    assert sorted(front.ORDER) == sorted(path.stem for path in front.FOLDER.glob("*.mjs"))
    for at, name in enumerate(front.ORDER):
        needed = front.IMPORT.findall((front.FOLDER / f"{name}.mjs").read_text(encoding="utf-8"))
        assert set(needed) <= set(front.ORDER[:at]), name


def test_no_two_modules_have_a_name_of_their_own_in_common():
    made = re.findall(
        r"^(?:async )?(?:function\*? |const |let |class )(\w+)", front.source(), re.MULTILINE
    )
    assert len(made) > 40
    assert sorted(made) == sorted(set(made))


@pytest.mark.parametrize("line", ['import * as all from "./a.mjs";', "export let a = 1;"])
def test_a_line_that_cannot_be_joined_is_named(line):
    with pytest.raises(ValueError, match=re.escape(line)):
        front.joined(f"const b = 1;\n{line}\n")


def test_what_is_joined_is_javascript(tmp_path):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    file = tmp_path / "live.mjs"
    file.write_text(front.source(), encoding="utf-8")
    subprocess.run(["node", "--check", file], check=True)
