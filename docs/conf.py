"""The documents as a site: `make docs` builds it to build/docs, without the network.

The pages are plain Markdown that a repository's browser shows as well, so nothing here needs marks
that only Sphinx knows: the few things that the site has more are made of plain pages below.
"""

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.sql import PsqlRegexLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "rowtrail"
version = release = version_of("rowtrail")
copyright = ""  # noqa: A001 - Sphinx's name

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
exclude_patterns = ["conf.py", "reference/make.py", "pictures.py"]

html_theme = "furo"
html_title = f"rowtrail {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"sidebar_hide_name": False}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# A prompt, and what a command or a query answers, are not copied.
copybutton_prompt_text = r"\$ |[a-z]+=[#>] "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# In docstrings, single backquotes are code.
default_role = "code"

#: A table of so many columns is a wide one.
WIDE = 7

#: The pages in their order; those that may not be there are globs.
NAVIGATION = {
    "Begin": ["quick-start", "concepts"],
    "Guides": [
        "guides/who-changed-it",
        "guides/as-of",
        "guides/undo",
        "guides/in-your-own-project",
        "guides/migrations",
        "from-the-blog-post",
        "guides/who-may-read",
        "guides/prove-it",
        "guides/erase",
        "guides/retention",
        "guides/history-database",
        "guides/one-history",
        "guides/archive",
        "guides/feed",
    ],
    "Clients": ["guides/naming-the-actor", "guides/psql"],
    "Running it": ["operating", "runbook", "security", "performance", "scaling"],
    "Coming from": ["coming-from/*"],
    "Help": ["troubleshooting", "limits"],
    "Reference": ["api", "reference/sql", "reference/commands", "reference/python", "changelog"],
}

# Types of other packages: their documents would have to be fetched.
nitpick_ignore_regex = [
    ("py:.*", r"(sqlalchemy|flask|alembic|datetime|collections|typing|weakref)\..*"),
    (
        "py:.*",
        r"(Flask|URL|Session|Select|Connection|Operations(\..*)?|async_\w+|Async\w*|optional)",
    ),
    # Variables of types, and what stands for several types.
    # Named by the module in which they are made, not by the one that gives them.
    ("py:class", r"rowtrail\.writer\.\w+\.\w+"),
    ("py:.*", r"(rowtrail\.[\w.]+\.)?([A-Z]|Any\w*Session|RowtrailError)"),
]


def read_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Adds the navigation to the start page; the changelog is at the top of the repository."""
    if page == "index":
        for caption, pages in NAVIGATION.items():
            there = [one for one in pages if list((ROOT / "docs").glob(f"{one}.md"))]
            if there:
                source[0] += "\n".join(
                    [
                        "",
                        "```{toctree}",
                        ":hidden:",
                        ":glob:",
                        f":caption: {caption}",
                        "",
                        *there,
                        "```",
                        "",
                    ]
                )
    if page == "changelog":
        source[0] = re.sub(r"\]\(docs/", "](", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def mend_page(app: Sphinx, page: nodes.document) -> None:
    """Shows a picture's twin for the dark, where it has one; names wide tables for site.css."""
    for columns in page.findall(nodes.tgroup):
        if columns["cols"] >= WIDE:
            columns.parent["classes"].append("wide")
    for image in list(page.findall(nodes.image)):
        path = Path(image["uri"])
        twin = path.with_name(f"{path.stem}-dark{path.suffix}")
        if not (ROOT / "docs" / twin).exists():
            continue
        dark = image.deepcopy()
        dark["uri"] = str(twin)
        dark["candidates"] = {"*": str(twin)}
        app.env.images.add_file(app.env.docname, str(twin))
        image["classes"].append("only-light")
        dark["classes"].append("only-dark")
        image.parent.insert(image.parent.index(image) + 1, dark)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_lexer("psql", PsqlRegexLexer)
    app.connect("source-read", read_source)
    app.connect("doctree-read", mend_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
