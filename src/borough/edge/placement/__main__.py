"""``python -m borough.edge.placement FOLDER``: draw a district's grids and posts anew."""

import sys
from pathlib import Path

from borough.core.errors import BadDistrict
from borough.edge.placement.redraw import redraw


def main(arguments: list[str]) -> int:
    """Draw the one folder named; give the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("python -m borough.edge.placement FOLDER\n")
        return 2
    try:
        sys.stdout.write(f"{redraw(Path(arguments[0]))} grids\n")
    except BadDistrict as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
