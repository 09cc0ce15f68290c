"""Reference pages say what the code says: `python docs/generate.py` writes them again."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[str, Callable[[], str]] = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_says(page: str) -> None:
    """Whoever changes a setting, a code, a verb, a scene or a manifest renews the page."""
    assert (DOCS / "reference" / page).read_text("utf-8") == PAGES[page](), (
        "run python docs/generate.py"
    )
