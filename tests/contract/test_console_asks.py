"""The console asks in its own boxes, which speak our languages and can be styled and tested."""

import re
from pathlib import Path

import borough.console

PAGES = Path(borough.console.__file__).parent
OF_BROWSERS = re.compile(r"(?<![\w.$])(?:window\.)?(?:prompt|alert|confirm)\(")


def test_no_page_asks_in_a_box_of_the_browser() -> None:
    """Those speak the browser's language, stop the page, and some browsers shut them off."""
    asks = [
        f"{path.name}:{number}"
        for path in sorted(PAGES.glob("*.js"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if OF_BROWSERS.search(line)
    ]
    assert asks == []
