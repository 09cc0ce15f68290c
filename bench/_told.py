"""How a bench tells its figures."""

import json
from collections.abc import Mapping
from typing import Any

WIDTH = 24


def tell(figures: Mapping[str, Any], *, plain: bool) -> None:
    """Print the figures: a line each for people unless *plain*, and at the end one JSON object."""
    if not plain:
        for name, figure in figures.items():
            print(f"{name:<{WIDTH}} {figure}")
    print(json.dumps(figures))
