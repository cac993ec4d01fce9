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


STAMPED = """async ([shape, look]) => {
  const {paint} = await import("http://front/painter.mjs");
  const four = [0, 1, 2, 3], grid = four.flatMap((x) => four.map((y) => [x, y]));
  const places = grid.flatMap(([x, y]) => [20 + 20 * x, 25 + 20 * y]);
  const vertices = Float32Array.from([...shape, ...places]);
  const marks = (first, count) => ({
    ...look, kind: "marks", clip: [10, 10, 85, 85], outline: [0, shape.length],
    at: [shape.length + first, count], of: "a",
  });
  const white = new ImageData(new Uint8ClampedArray(4 * 110 * 110).fill(255), 110, 110);
  const below = await createImageBitmap(white);
  const shown = (layers, lit) => {
    const canvas = document.createElement("canvas");
    paint(canvas, {size: [110, 110], below, between: []}, {layers, vertices}, lit);
    return canvas.getContext("2d").getImageData(0, 0, 110, 110).data;
  };
  const few = [0, 8, 16, 24].map((first) => marks(first, 8));
  const apart = [null, "b"].map((lit) => {
    const others = lit ? [{...marks(0, 0), of: "b"}] : [];
    const [many, each] = [shown([marks(0, 32), ...others], lit), shown([...few, ...others], lit)];
    return Math.max(...many.map((value, i) => Math.abs(value - each[i])));
  });
  return [shown([marks(0, 32)], null).some((value) => value < 250), ...apart];
}"""


@pytest.mark.parametrize(
    ("face", "edge", "width", "dash"),
    [
        ("#0072b2", "#0072b2", 1.4, []),
        ("rgba(213,94,0,0.4)", "rgba(0,0,0,0.5)", 3.0, [2, 1]),
        (None, "#d55e00", 2.0, []),
        ("#fff", None, 0.0, []),
    ],
)
@pytest.mark.parametrize("shape", ["disc", "cross"])
def test_marks_that_are_stamped_look_as_those_drawn_one_by_one(
    page, shape, face, edge, width, dash
):
    turn = np.linspace(0, 2 * np.pi, 19)
    outline = 0.5 + 4 * np.column_stack([np.cos(turn), np.sin(turn)])
    outline[-1] = outline[0]
    if shape == "cross":
        if edge is None:
            pytest.skip("it has no inside")
        outline = np.array([[-4.5, 0.5], [5.5, 0.5], [np.nan, np.nan], [0.5, -4.5], [0.5, 5.5]])
    outline = [None if np.isnan(x) else float(x) for x in outline.ravel()]
    about = {"cap": "butt", "join": "miter", "dash": dash, "offset": 0}
    look = {"face": face, "edge": edge, "width": width} | about
    ink, apart, faded = page.evaluate(
        STAMPED.replace("[...shape,", "[...shape.map((x) => x ?? NaN),"), [outline, look]
    )
    assert ink or (face, edge) == ("#fff", None)
    assert apart <= 3
    # Where an edge covers half of a face, each fades by itself if they are drawn one by one.
    assert faded <= 3 or (face and edge)
