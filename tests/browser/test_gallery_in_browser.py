"""What the page paints, beside what matplotlib draws: the gallery of figures on a real canvas."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from course_lib.live import front
from course_lib.live.compose import differs
from tests.live.test_gallery import GALLERY, apart, frames

pytestmark = pytest.mark.browser

PAINT = """async ({scene, pictures: files, frame, buffers}) => {
  const {bitmap, numbers, paint, pictures, unpack} = await import("http://front/painter.mjs");
  const bytes = (list) => list.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  files = bytes(files);
  const below = await bitmap(files[scene.below]), between = await pictures(scene.between, files);
  window.canvas ??= document.createElement("canvas"); // one for all, as in a page
  paint(window.canvas, {...scene, below, between}, await unpack(frame, bytes(buffers), numbers));
  return window.canvas.toDataURL("image/png");
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.route(
        "http://front/**",
        lambda route: route.fulfill(
            body=(front.FOLDER / route.request.url.rsplit("/", 1)[1]).read_text(encoding="utf-8"),
            headers={"content-type": "text/javascript", "access-control-allow-origin": "*"},
        ),
    )
    yield page
    page.close()


def painted(page, scene, pictures, frame, buffers):
    def text(files):
        return [base64.b64encode(file).decode() for file in files]

    url = page.evaluate(
        PAINT,
        {"scene": scene, "pictures": text(pictures), "frame": frame, "buffers": text(buffers)},
    )
    return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


@pytest.mark.parametrize("scale", [1, 1.5, 2])
@pytest.mark.parametrize("name", GALLERY)
def test_the_canvas_shows_what_matplotlib_draws_afresh(page, name, scale, record_property):
    most = 0
    for parts, fresh in frames(GALLERY[name], scale=scale):
        seen = painted(page, *parts)
        assert differs(seen, fresh, by=32) <= 2
        most = max(most, apart(seen, fresh))
    record_property("apart", int(most))
