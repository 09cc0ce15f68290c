"""How the pages become a site: `sphinx-build -W -c docs . dist/docs`."""  # noqa: INP001 - a script beside its pages, no package

import re
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

project = "Borough 区县操作系统"
version = release = version_of("borough")
html_title = f"Borough {version}"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "src/borough/*/*/README.md"]
exclude_patterns = [".*", "dist", "tests", "src/borough/testing", "**/__pycache__"]
source_suffix = {".md": "markdown"}
suppress_warnings = ["misc.highlighting_failure"]  # a payload with … is no whole JSON
myst_heading_anchors = 3
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False

TREE = {
    "Begin 开始": ["/README", "/README.zh", "tutorial/*", "/CONTRIBUTING"],
    "How to 怎么做": ["howto/index", "howto/*"],
    "Reference 参考": ["reference/*", "/CHANGELOG", "/DEPENDENCIES"],
    "Scenes and districts 场景与区县": ["/src/borough/scenes/*/README", "/src/borough/*/*/README"],
    "Why 为什么": ["/ARCHITECTURE", "why/*", "decisions/*"],
    "中文": ["index.zh"],
}
"""The pages of each heading beside the text, in order; a page stands under the first."""
ELSEWHERE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^>]*")


def joined(_app: Sphinx, name: str, text: list[str]) -> None:
    """Give the first page its tree, so that the page itself stays plain Markdown."""
    if name == root_doc:
        for caption, pages in TREE.items():
            head = f"\n\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n"
            text[0] += head + "\n".join(pages) + "\n```\n"


def alone(app: Sphinx, error: Exception | None) -> None:
    """Refuse a site of which a page loads anything from another host."""
    for page in Path(app.outdir).rglob("*.html") if error is None else ():
        if found := ELSEWHERE.search(page.read_text("utf-8")):
            msg = f"{page.name} loads from elsewhere: {found[0]}"
            raise SphinxError(msg)


def setup(app: Sphinx) -> None:
    """Join what is above to the build."""
    app.connect("source-read", joined)
    app.connect("build-finished", alone)
