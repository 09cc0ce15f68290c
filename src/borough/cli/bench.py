"""`borough bench`: measure, and print what was measured."""

import runpy
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from borough.core.errors import NotFound

BENCH = Path(__file__).parents[3] / "bench"


def bench(
    name: str = "",
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)],
) -> None:
    """性能测试。Run one bench with its own arguments, or list the benches.

    Parameters
    ----------
    name
        Which bench: a file of the folder bench/.
    arguments
        What the bench itself takes; ask it with --help.
    """
    known = {path.stem: path for path in sorted(BENCH.glob("*.py")) if path.stem[0] != "_"}
    if not name:
        for stem, path in known.items():
            print(f"{stem:<12} {first_line(path)}")
        return
    if name not in known:
        there = ", ".join(known) or "none beside this package"
        msg = f"there is no bench {name!r}; there are {there}"
        raise NotFound(msg)
    sys.argv = [f"borough bench {name}", *arguments]
    sys.path.insert(0, str(BENCH))
    runpy.run_path(str(known[name]), run_name="__main__")


def first_line(path: Path) -> str:
    """Give the first sentence of a file's docstring."""
    return path.read_text("utf-8").lstrip().splitlines()[0].strip('"')
