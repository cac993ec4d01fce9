"""Sphinx: one plain theme, formulas as MathML, no script but the site's own."""

import html
import os
import re

import found  # beside the originals of this file, as what follows
import places
from docutils import nodes
from docutils.nodes import SkipNode
from formulas import mathml

place = (
    places.Place(*os.environ["COURSE_PLACE"].split("/"))
    if "COURSE_PLACE" in os.environ
    else places.here()
)
project = found.TITLE
author = "The course makers"
copyright = f"2026, {author}"
extensions = ["myst_nb"]
root_doc = "index"
exclude_patterns = ["_static"]

nb_execution_mode = "off"  # stored outputs; build.py has computed what the sliders show
nb_render_markdown_format = "myst"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_inline", "html_image"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
# Links to files that are no pages of the site lead to the repository.
suppress_warnings = ["mystnb.unknown_mime_type", "myst.xref_missing", "misc.highlighting_failure"]

html_theme = "furo"
html_title = project
html_baseurl = place.site
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"type": "module"}), ("practice.mjs", {"type": "module"})]
html_use_index = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#005a8c",
        "color-brand-content": "#005a8c",
        "font-stack": '"Course Sans", system-ui, sans-serif',
    },
    "dark_css_variables": {"color-brand-primary": "#6cbcf0", "color-brand-content": "#6cbcf0"},
}
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"


def inline(self, node):
    self.body.append(mathml(node.astext()))
    raise SkipNode


def block(self, node):
    formula = mathml(node.astext(), "block")
    self.body.append(f'<div class="course-formula" tabindex="0">{formula}</div>')
    raise SkipNode


def plain_where_folded(app, doctree):
    """Leave folded code without colors: a page of thousands of pieces is slow on a phone."""
    for cell in doctree.findall(nodes.container):
        if any(name.startswith("tag_hide") for name in cell.get("classes", ())):
            for code in cell.findall(nodes.literal_block):
                code["language"] = "text"


def rows_named(app, doctree):
    """Let the first column of a table name its rows where nothing stands above it."""
    for table in doctree.findall(nodes.tgroup):
        head = table.next_node(nodes.thead)
        if head and not head.next_node(nodes.entry).astext().strip():
            table.next_node(nodes.colspec)["stub"] = 1


def in_the_head(app, page, template, context, doctree):
    """Say what a page is about to those who find it, and name what the theme leaves nameless."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    body = context.get("body") or ""
    folded = iter(range(1, 1000))
    name = 'aria-label="Toggle hidden content"'
    context["body"] = re.sub(name, lambda _: f'aria-label="Show the code, {next(folded)}"', body)
    body = context["body"].replace("Show code cell source", "Show the code")
    context["body"] = counted(body.replace("Hide code cell source", "Hide the code"))
    if page in ("search", "404"):
        return
    about = found.ABOUT
    if page != "index" and os.path.exists(path := os.fspath(app.env.doc2path(page))):
        with open(path, encoding="utf-8") as file:
            about = found.described(source_of(file.read(), path)) or about
    title = html.unescape(re.sub(r"<[^>]*>", "", context.get("title", "")))
    title = found.TITLE if page == "index" else f"{title} · {found.TITLE}"
    lecture = page.startswith("notebooks/")
    head = found.head(place, f"{page}.html", title, about, lecture)
    context["metatags"] = context.get("metatags", "") + head
    context["body"] += found.foot(place, page)


def counted(body):
    """Say of each piece of code how many lines it has: its room is known before it is laid out."""
    return re.sub(
        r'(<div class="highlight"><pre)>(.*?)(?=</pre>)',
        lambda code: f'{code[1]} style="--lines: {len(code[2].splitlines())}">{code[2]}',
        body,
        flags=re.DOTALL,
    )


def source_of(text, path):
    """Return the words of a page's source."""
    if not path.endswith(".ipynb"):
        return text
    import nbformat

    cells = nbformat.reads(text, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells[:4] if cell.cell_type == "markdown")


def setup(app):
    app.connect("doctree-read", plain_where_folded)
    app.connect("doctree-read", rows_named)
    app.connect("html-page-context", in_the_head, priority=900)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
