"""Lets nbconvert keep what stands with a picture: its description, and what an explorer says.

nbconvert shows the picture of an output and drops the words beside it. Installing the package
switches this on: for `jupyter nbconvert --to html` by jupyter_nbconvert_config.json, and for
JupyterLab's own export by the settings in jupyter_server_config.d.
"""

from __future__ import annotations

import html
from typing import Any

from nbconvert.preprocessors import Preprocessor


class Described(Preprocessor):
    """Puts the description of a picture into its `alt`, and an explorer's sentence below it."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Return the cell with its described pictures as HTML.

        Parameters
        ----------
        cell : notebook cell
        resources : dict
            What nbconvert hands from one step to the next.
        index : int
            The position of the cell.
        """
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if "course-night" in data.get("text/html", ""):
                continue  # run in JupyterLab, it has its words and a picture for each theme
            if alt and "image/png" in data:
                said = data.get("text/plain", "") if output.output_type == "execute_result" else ""
                output.data = {"text/html": _figure(data["image/png"], alt, said)}
        return cell, resources


def _figure(png: str, alt: str, said: str) -> str:
    source = "data:image/png;base64," + png.replace("\n", "")
    caption = f"<figcaption>{html.escape(said)}</figcaption>" if said else ""
    return (
        f'<figure style="margin: 0"><img src="{source}" alt="{html.escape(alt)}" '
        f'style="max-width: 100%">{caption}</figure>'
    )
