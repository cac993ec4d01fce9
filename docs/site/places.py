"""Where the repository and its website are: every link of the pages that leads there."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
import course  # noqa: E402


@dataclass(frozen=True)
class Place:
    """A repository on GitHub, by its owner and its name."""

    owner: str
    name: str

    @property
    def repository(self) -> str:
        """Its address."""
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def site(self) -> str:
        """The address of its website, with a slash at the end."""
        home = f"https://{self.owner.lower()}.github.io/"
        return (
            home
            if self.name.lower() == f"{self.owner.lower()}.github.io"
            else f"{home}{self.name}/"
        )

    def edit(self, path: str) -> str:
        """Return where a file of it is edited."""
        return f"{self.repository}/edit/main/{path}"

    def raw(self, path: str) -> str:
        """Return where a file of it is downloaded from."""
        return f"https://raw.githubusercontent.com/{self.owner}/{self.name}/main/{path}"

    def binder(self, path: str) -> str:
        """Return where Binder opens a notebook of it."""
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/HEAD?urlpath=lab/tree/{path}"

    def colab(self, path: str) -> str:
        """Return where Colab opens a notebook of it."""
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/main/{path}"

    def in_text(self, text: str) -> str:
        """Return a text whose links lead here."""
        return course.renamed(text, course.current_owner(), (self.owner, self.name))


def here() -> Place:
    """Return where this copy is: told by GitHub's workflow, by git, or else as the README says."""
    told = os.environ.get("GITHUB_REPOSITORY") or course.remote() or ""
    owner, slash, name = told.removesuffix(".git").partition("/")
    return Place(owner, name) if slash and name else Place(*course.current_owner())
