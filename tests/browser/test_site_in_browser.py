"""The website, built from the notebooks and read with no kernel and no network."""

from __future__ import annotations

import ast
import html
import html.parser
import json
import math
import re
import urllib.parse
from pathlib import Path

import nbformat
import pytest
from servers import ROOT
from website import BUILT, DIFFERS, SEEN

pytest.importorskip("sphinx")
pytestmark = BUILT

# Every page with explorers.
MOVING = ["index", "docs/optimizers", "docs/write_your_own_explorer"]
MOVING += [f"notebooks/{path.stem}" for path in sorted(ROOT.glob("notebooks/*.ipynb"))]
# What a slider shows at each of its notches.
NOTCHES = """field => Array.from({length: Number(field.max) + 1}, (_, notch) => {
  field.value = notch;
  field.dispatchEvent(new Event("input"));
  return field.closest(".course-plain").querySelector("output").textContent;
})"""
# Beside the rules of WCAG 2.2 AA and best practice some that axe counts as experiments: Lighthouse
# asks for them.
FAULTS = """async () => {
  const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const also = ["td-has-header", "label-content-name-mismatch", "table-fake-caption"];
  const rules = Object.fromEntries(also.map((id) => [id, {enabled: true}]));
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly, rules});
  return found.violations.flatMap(({id, help, nodes}) =>
    nodes.map(({html}) => `${id}: ${help}: ${html.slice(0, 200)}`));
}"""
# What the theme or a highlighter brings along: the rule, and a piece of the element it is in.
UPSTREAM = [
    ("color-contrast", '<span class="'),  # highlighted code
    ("color-contrast", "Made with"),
]


class Links(html.parser.HTMLParser):
    """The places in a page that links can lead to, and what it links to and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places, self.targets, self.pictures = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places.add(found.get("id"))
        if tag == "img":
            self.pictures.append(found)
        for name in ("href", "src", "srcset", "data-explorer", "data-phone", "data-live"):
            if found.get(name):
                self.targets.append(found[name])


def pages(site: Path) -> dict[Path, Links]:
    # The page for what is not found is served from other folders, with a base of its own.
    apart = {"_static", "lab", "slides", "404.html"}  # slides are not read on a phone
    found = {path.resolve(): path for path in site.rglob("*.html") if not apart & {*path.parts}}
    return {place: Links(path.read_text(encoding="utf-8")) for place, path in found.items()}


def test_every_link_within_the_site_leads_somewhere(site):
    known, broken = pages(site), []
    assert len(known) > 8
    for place, page in known.items():
        for target in page.targets:
            link = urllib.parse.urlsplit(target)
            if link.scheme or link.netloc:
                continue
            to = (place.parent / urllib.parse.unquote(link.path)).resolve() if link.path else place
            if not to.exists():
                broken.append(f"{place.name}: {target} does not exist")
            elif link.fragment and to in known:
                anchor = urllib.parse.unquote(link.fragment)
                if anchor not in known[to].places and not link.fragment.startswith("search"):
                    broken.append(f"{place.name}: {target} has no such place")
    assert broken == []


def test_every_picture_of_the_site_says_what_it_shows_and_every_term_is_linked(site):
    for place, page in pages(site).items():
        for picture in page.pictures:
            assert picture.get("alt"), f"{place.name}: {picture}"
    lecture = (site / "notebooks" / "01_gradient_basics.html").read_text(encoding="utf-8")
    for term in ("epoch", "gradient-descent", "learning-rate", "parameter"):
        assert f'href="../docs/glossary.html#{term}"' in lecture
    assert "<math" in lecture
    assert "$" not in Links(lecture).places


def test_no_page_shows_latex_or_what_only_a_kernel_could_mend(site):
    for place in pages(site):
        text = place.read_text(encoding="utf-8")
        for formula in re.findall(r"<math.*?</math>", text, flags=re.DOTALL):
            shown = html.unescape(re.sub(r"<[^>]*>", "", formula))
            assert not re.search(r"[\\&$]", shown), f"{place.name}: {shown}"
        hidden = r"<(math|pre|code|script|style|svg)\b.*?</\1>"
        words = re.sub(r"<[^>]*>", "", re.sub(hidden, "", text, flags=re.DOTALL))
        assert not re.search(r"\$|\\[a-z]+\{", words), place.name
        for useless in ("<progress", "<strong>Not attempted", "No prediction", "google.colab"):
            assert place.parent.name != "notebooks" or useless not in text, place.name


def test_no_file_a_page_needs_at_first_is_heavy(site, monkeypatch):
    heavy = {
        path.name: path.stat().st_size
        for path in site.rglob("*.html")
        if path.stat().st_size > 1_000_000
    }
    assert heavy == {}
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    import capture

    for frames in (site / "_static" / "explorers").glob("*.txt"):
        # A race has three lists, each of whose entries is drawn whole.
        most = capture.HEAVIEST if frames.name.startswith("06_") else capture.MOST
        assert frames.stat().st_size <= most, frames.name


@pytest.mark.parametrize("name", MOVING)
def test_every_explorer_moves_with_the_network_shut(site, served, page, alone, name):
    page.goto(f"{served(site)}/{name}.html")
    explorers = page.locator("[data-explorer]")
    if name.startswith("notebooks"):
        cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
        # Told by the names of their cells: some come from a function that calls `explore`.
        named = [cell for cell in cells if cell.id.startswith("explore-")]
        shown = [
            out for cell in named for out in cell.outputs if "image/png" in out.get("data", {})
        ]
        assert explorers.count() >= len(shown)
    assert explorers.count() > 0
    for number in range(explorers.count()):
        explorer = explorers.nth(number)
        explorer.scroll_into_view_if_needed()
        explorer.locator("[data-live=true]").wait_for()
        controls = explorer.locator("input, select, .course-handle[tabindex]").all()
        # Each is tried, also when one of them has moved the picture.
        moved = [moves(explorer, control) for control in controls]
        assert any(moved), f"explorer {number} of {name} stands still"
    assert alone == []


TEXTS = {
    path.stem: [c for c in nbformat.read(path, as_version=4).cells if "tries" in c.metadata]
    for path in sorted(ROOT.glob("notebooks/*.ipynb"))
}


def written(value) -> list[str]:
    """Return the ways in which a text names a value."""
    plain = f"{value:g}"
    ways = {
        plain,
        plain.replace("e-0", "e-"),
        f"{value:.2f}",
        f"{value:+g}",
        plain.replace("-", "−"),
    }
    if value and 10 ** round(math.log10(abs(value))) == abs(value):
        ways.add(f"10^{{{round(math.log10(abs(value)))}}}")
    words = {1: "step 1", 60: "step 60"}.get(value)
    return [*ways, *([words] if words else [])]


@pytest.mark.parametrize("stem", [stem for stem, texts in TEXTS.items() if texts])
def test_every_instruction_can_be_followed_on_its_page(site, served, page, alone, stem):
    """What a text tells to move, and to which value, is tried in the built page."""
    page.goto(f"{served(site)}/notebooks/{stem}.html")
    source = ROOT / "notebooks" / f"{stem}.ipynb"
    cells = {cell.id: cell for cell in nbformat.read(source, as_version=4).cells}
    phrases = [text.metadata["tries"].get("python", []) for text in TEXTS[stem]]
    assert page.locator(".course-python a.run-page").count() == sum(map(len, phrases))
    for text in TEXTS[stem]:
        tries = dict(text.metadata["tries"])
        tries.pop("python", [])
        if "of" not in tries:
            continue
        of = tries.pop("of")
        known = labels_of(cells[of].source)
        explorer = page.locator(f"[data-explorer*='-{of}-']")
        explorer.scroll_into_view_if_needed()
        explorer.locator("[data-live=true]").wait_for()
        for name, values in tries.items():
            if text.cell_type == "markdown":
                for value in values:
                    if isinstance(value, (int, float)):  # an entry of a list has many names
                        assert any(way in text.source for way in written(value)), (name, value)
            label = re.compile("^" + re.escape(known.get(name) or name.replace("_", " ")))
            control = explorer.locator(".course-plain").filter(has_text=label)
            if not control.count():  # a point: a ring that takes the focus
                ring = explorer.locator(".course-handle[tabindex]").first
                assert moves(explorer, ring), f"{stem}: the ring {name} of {of}"
                continue
            field = control.locator("input, select").first
            assert moves(explorer, field), f"{stem}: {name} of {of}"
            for value in values:
                assert reached(control, field, value), f"{stem}: {name} has no {value}"
    assert alone == []


def labels_of(source: str) -> dict[str, str]:
    """Return what stands before the controls of an explorer, by the names `update` knows."""
    found = {"lr": "learning rate", "beta1": "β₁", "beta2": "β₂", "batch": "batch size B"}
    found["knob_0"] = "W₁₁"
    for call in ast.walk(ast.parse(source)):
        for control in call.keywords if isinstance(call, ast.Call) else ():
            for part in ast.walk(control.value):
                labels = isinstance(part, ast.keyword) and part.arg == "label"
                if labels and isinstance(part.value, ast.Constant):
                    found[control.arg] = part.value.value
    return found


def number(written: str) -> float:
    """Return the number that a slider shows, such as 0.05, −1 or 3·10⁻⁵."""
    written = re.sub(r"\s", "", written)
    plain = written.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--"))
    if power := re.fullmatch(r"(?:([\d.]+)·)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", written):
        raised = plain[-len(power[2]) :]
        return float(f"{power[1] or 1}e{raised}")
    return float(plain)


def moves(explorer, field) -> bool:
    """Return whether a control or a ring changes what is seen or said."""
    before = explorer.evaluate(SEEN)
    box = field.get_attribute("type") == "checkbox"
    field.focus()
    for key in ["Space"] if box else ["Home", "ArrowRight", "End", "ArrowUp"]:
        field.page.keyboard.press(key)
        if explorer.evaluate(DIFFERS, before):
            return True
    return False


def reached(control, field, value) -> bool:
    """Return whether a slider has a notch for a value, or a list an entry."""
    if field.evaluate("field => field.localName") == "select":
        field.select_option(label=value)
        return True
    if field.get_attribute("type") == "radio":
        control.get_by_label(value, exact=True).check(force=True)
        return True
    shown = {number(each) for each in field.evaluate(NOTCHES)}
    return any(math.isclose(value, each, rel_tol=6e-3, abs_tol=1e-12) for each in shown)


def test_predictions_and_exercises_answer_with_no_python(site, served, page, alone):
    page.goto(f"{served(site)}/notebooks/01_gradient_basics.html")
    reveal = page.locator("[data-reveal='1.b']")
    assert reveal.locator("details").is_visible()
    page.get_by_label("at about 2.25").check()
    assert "Not this time." in reveal.inner_text()
    page.get_by_label("at about 0", exact=True).check()
    assert "as you predicted" in reveal.inner_text()
    assert reveal.locator("details").is_hidden()
    form = page.locator("[data-exercise='1.1']")
    for typed, told in (("", "first"), ("3,27", "uphill"), ("two", "you gave"), ("2.73", "Right.")):
        form.locator("input").fill(typed)
        form.locator("button").click()
        assert told in form.locator("[role=status]").inner_text()
    assert page.locator("a.run-page").count() >= 2  # code exercises lead to Python
    assert alone == []


def test_what_is_found_and_shared_of_a_page_is_in_its_head(site):
    lectures = 0
    for place in pages(site):
        if place.name == "search.html":
            continue
        text = place.read_text(encoding="utf-8")
        head = text[: text.index("</head>")]
        described = re.search(r'<meta name="description" content="([^"]{40,320})"', head)
        assert described, place.name
        assert 'property="og:image"' in head
        assert 'rel="canonical"' in head, place.name
        data = re.search(r'<script type="application/ld\+json">(.*?)</script>', head, re.DOTALL)
        if place.name == "index.html" or place.parent.name == "notebooks":
            about = json.loads(data[1])
            assert about["@type"] in ("Course", "LearningResource")
            lectures += about["@type"] == "LearningResource"
    assert lectures == len(TEXTS)
    listed = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert len(listed) == len(pages(site)) - 1  # all but the search
    assert "sitemap.xml" in (site / "robots.txt").read_text()
    lost = (site / "404.html").read_text(encoding="utf-8")
    assert "<base href=" in lost
    assert re.findall(r'<p>It may.*?href="([^"]+)".*?href="([^"]+)"', lost, re.DOTALL) == [
        ("index.html", "search.html")
    ]
    assert (site / "_static" / "share.png").stat().st_size > 20_000


def test_every_page_leads_to_where_it_is_edited(site):
    for place in pages(site):
        if place.name == "search.html":
            continue
        text = place.read_text(encoding="utf-8")
        edited = re.findall(r'href="https://github.com/[^/"]+/[^/"]+/edit/main/([^"]+)"', text)
        assert len(edited) == 1, place.name
        assert (ROOT / edited[0]).is_file(), edited[0]


def test_a_term_says_what_it_means_to_mouse_and_keyboard(site, served, page, alone):
    page.goto(f"{served(site)}/notebooks/01_gradient_basics.html")
    link = page.locator("article a[href*='glossary.html#parameter']").first
    link.scroll_into_view_if_needed()
    link.hover()
    page.locator("#course-bubble").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("#course-bubble").wait_for(state="hidden")
    assert alone == []


def test_a_click_on_the_picture_brings_a_point_there(site, served, page, alone):
    page.goto(f"{served(site)}/notebooks/05_momentum.html")
    explorer = page.locator("[data-explorer*=explore-modes]")
    explorer.scroll_into_view_if_needed()
    handle = explorer.locator(".course-handle")
    handle.wait_for()
    before, place = explorer.evaluate(SEEN), handle.bounding_box()
    page.mouse.click(place["x"] + 70, place["y"] - 40)
    page.wait_for_timeout(100)
    assert explorer.evaluate(SEEN) != before
    now = handle.bounding_box()
    # The places are on a grid, which is coarse where a test computes few frames.
    assert now["x"] > place["x"] + 20
    explorer.locator(".course-reset").click()
    page.wait_for_timeout(100)
    assert explorer.evaluate(SEEN) == before
    assert alone == []


def test_paper_is_white_and_cuts_nothing_off_whatever_the_theme(site, served, page, alone):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served(site)}/notebooks/05_momentum.html")
    explorer = page.locator("[data-explorer]").first
    explorer.scroll_into_view_if_needed()
    explorer.locator("[data-live=true]").wait_for()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_timeout(300)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    shown = page.locator(".skip-to-content, .course-ways, .course-play, .sidebar-drawer")
    assert [one.inner_text() for one in shown.all() if one.is_visible()] == []
    cut = "all => all.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).length"
    assert page.locator("article pre").evaluate_all(cut) == 0
    nights = page.locator(".course-night")
    assert nights.count() > 5
    assert not any(night.is_visible() for night in nights.all())
    # The ground of a light drawing is opaque, that of a dark one is the page.
    ground = "canvas => canvas.getContext('2d').getImageData(2, 2, 1, 1).data.join()"
    assert explorer.locator("canvas").evaluate(ground) == "255,255,255,255"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(color_scheme="dark", media="screen")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert alone == []


def test_a_page_is_printed_with_the_pictures_that_stand_there(site, served, page, alone):
    """All sheets are laid out at once, in a width of their own: no explorer is fetched for them."""
    page.set_viewport_size({"width": 390, "height": 800})  # sheets are wider: another picture fits
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served(site)}/notebooks/05_momentum.html")
    explorers = page.locator("[data-explorer]")
    explorers.first.scroll_into_view_if_needed()
    explorers.first.locator("[data-live=true]").wait_for()
    page.wait_for_load_state("networkidle")
    moving = page.locator("[data-moves=true]").count()
    assert moving < explorers.count()
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.pdf()
    page.emulate_media(color_scheme="dark", media="print")
    page.set_viewport_size({"width": 794, "height": 30000})  # as if all sheets were in sight
    page.wait_for_timeout(1000)
    assert [url for url in fetched if url.endswith(".txt")] == []
    assert page.locator("[data-moves=true]").count() == moving
    for still in page.locator("[data-explorer]:not([data-moves])").all():
        assert still.evaluate("figure => getComputedStyle(figure).breakInside") == "avoid"
        assert still.locator(".course-day").is_visible()
        assert still.locator(".course-said").is_visible()
    # On the screen again, what comes near moves.
    page.set_viewport_size({"width": 1366, "height": 800})
    page.emulate_media(color_scheme="dark", media="screen")
    explorers.last.scroll_into_view_if_needed()
    explorers.last.locator("[data-live=true]").wait_for()
    assert alone == []


# Whether the code that is not folded has been laid out, and how tall it is.
CODE = """() => [...document.querySelectorAll(".highlight pre")]
  .filter((code) => !code.closest("details"))
  .map((code) => [code.firstElementChild.checkVisibility({contentVisibilityAuto: true}),
    code.offsetHeight])"""

# The last piece of code with a line too long for a phone.
WIDE = """() => [...document.querySelectorAll(".highlight pre")].filter((code) =>
  !code.closest("details") && code.textContent.split("\\n").some((line) => line.length > 70)
).at(-1)"""


def test_code_is_laid_out_when_it_is_near_and_has_its_height_from_the_start(site, served, page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{served(site)}/notebooks/06_adaptive_methods.html")
    page.wait_for_function("document.readyState === 'complete'")
    before = page.evaluate(CODE)
    assert sum(drawn for drawn, _ in before) < len(before) / 4
    page.add_style_tag(content="pre { content-visibility: visible !important; }")
    page.wait_for_function(f"({CODE})().every(([drawn]) => drawn)")
    after = page.evaluate(CODE)
    assert [tall for _, tall in before] == pytest.approx([tall for _, tall in after], abs=1)


def test_code_that_is_wider_than_a_phone_can_be_scrolled_with_keys(site, served, page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{served(site)}/notebooks/06_adaptive_methods.html")
    wide = page.evaluate_handle(WIDE).as_element()
    assert wide.evaluate("code => code.tabIndex") == -1  # far away nothing has been measured
    wide.scroll_into_view_if_needed()
    page.wait_for_function("code => code.tabIndex === 0", arg=wide)


def test_the_search_finds_a_word(site, served, page, alone):
    page.goto(f"{served(site)}/search.html?q=learning+rate")
    page.wait_for_selector("#search-results li a")
    assert "01_gradient_basics" in page.locator("#search-results").inner_html()
    assert alone == []


def test_every_page_fits_a_phone_and_its_controls_a_finger(site, served, page, alone):
    address = served(site)
    page.set_viewport_size({"width": 390, "height": 844})
    for place in pages(site):
        name = place.relative_to(site.resolve()).as_posix()
        page.goto(f"{address}/{name}")
        figure = page.locator("[data-explorer]").first
        if figure.count():
            figure.scroll_into_view_if_needed()
            figure.locator("[data-live=true]").wait_for()
            for control in figure.locator("input[type=range], select, button").all():
                room = control.bounding_box()
                assert min(room["width"], room["height"]) >= 39, f"{name}: {room}"
                assert room["x"] >= 0, name
                assert room["x"] + room["width"] <= 390, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert alone == []


# Pixels of the page for the smallest words of a picture that moves, and how far it overflows, which
# only a diagram may do, whose words get small with it.
SMALLEST = """figure => { const stage = figure.querySelector(".course-stage");
  return [stage.dataset.words * stage.clientWidth / parseFloat(stage.dataset.wide),
    figure.scrollWidth - figure.clientWidth]; }"""


@pytest.mark.parametrize("width", [1366, 390])
def test_no_words_on_a_picture_are_small_in_the_column_or_on_a_phone(
    site, served, page, alone, width
):
    address, small = served(site), {}
    page.set_viewport_size({"width": width, "height": 800})
    for name in MOVING:
        page.goto(f"{address}/{name}.html")
        explorers = page.locator("[data-explorer]")
        for number in range(explorers.count()):
            explorer = explorers.nth(number)
            explorer.scroll_into_view_if_needed()
            explorer.locator("[data-live=true]").wait_for()
            words, over = explorer.evaluate(SMALLEST)
            if words < 11 or (over > 1 and explorer.get_attribute("data-phone")):
                small[name, number] = words, over
    assert small == {}
    assert alone == []


def test_a_window_that_becomes_narrow_gets_the_picture_for_a_phone(site, served, page, alone):
    page.set_viewport_size({"width": 1366, "height": 800})
    page.goto(f"{served(site)}/notebooks/01_gradient_basics.html")
    shape = "((seen) => seen.width / seen.height)(document.querySelector('[data-phone] canvas'))"
    explorer = page.locator("[data-phone]").first
    explorer.scroll_into_view_if_needed()
    explorer.locator("[data-live=true]").wait_for()
    assert page.evaluate(shape) > 1.5
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(f"{shape} < 1")
    page.set_viewport_size({"width": 1366, "height": 800})
    page.wait_for_function(f"{shape} > 1.5")
    assert alone == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1366), ("dark", 390)])
def test_axe_finds_no_fault_on_any_page(site, served, page, alone, theme, width):
    package = pytest.importorskip("axe_playwright_python")
    axe = Path(package.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    address, faults = served(site), []
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for path in sorted([*pages(site), *site.resolve().glob("slides/*.html")]):
        name = path.relative_to(site.resolve()).as_posix()
        page.goto(f"{address}/{name}")
        page.wait_for_function("!window.Reveal || Reveal.isReady()")
        figures = page.locator("article [data-explorer]")
        for number in range(min(figures.count(), 3)):
            figures.nth(number).scroll_into_view_if_needed()
            figures.nth(number).locator("[data-live=true]").wait_for()
        page.evaluate(axe)
        faults += [
            f"{name}: {fault}"
            for fault in page.evaluate(FAULTS)
            if not any(fault.startswith(rule) and part in fault for rule, part in UPSTREAM)
        ]
    assert faults == []
    assert alone == []
