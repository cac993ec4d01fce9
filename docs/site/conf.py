"""Sphinx: one plain theme, formulas as MathML, no script but the site's own."""

from docutils.nodes import SkipNode
from formulas import mathml  # beside the original of this file

project = "How neural networks learn"
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
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"type": "module"})]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a8c", "color-brand-content": "#005a8c"},
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


def named_levels(app, page, template, context, doctree):
    """Give the captions of the navigation the level that a heading must have."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app):
    app.connect("html-page-context", named_levels, priority=900)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
