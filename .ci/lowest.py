"""Print the lowest versions that pyproject.toml allows, as a file of constraints for pip.

python .ci/lowest.py > lowest.txt && PIP_CONSTRAINT=lowest.txt python course.py test tests/core
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
lines = [*project["dependencies"]]
for extra in ("notebooks", "tests", "homework"):
    lines += project["optional-dependencies"][extra]
print("\n".join(sorted({re.sub(r"\s*;.*", "", line).replace(">=", "==") for line in lines})))
