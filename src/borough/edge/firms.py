"""Simulated firms: they hand synthetic returns in, a workbook a year, and a clerk makes drafts.

``python -m borough.edge.firms --http URL --token TOKEN --scene per_mu --folder FOLDER``
"""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlencode

from borough.core.errors import BoroughError
from borough.edge.asking import BAD, ask

EVALUATIONS = "/api/v1/evaluations"
NAMED = "returns-"
"""What a workbook is called before its period: ``returns-2023.csv``."""


def main(arguments: list[str] | None = None) -> int:
    """Hand in every workbook of the folder, the oldest period first, and begin its evaluation."""
    asks = argparse.ArgumentParser(prog="python -m borough.edge.firms", description=__doc__)
    asks.add_argument("--http", required=True, help="URL of the district")
    asks.add_argument("--token", required=True, help="operator's token")
    asks.add_argument("--scene", required=True, help="the scene that evaluates")
    asks.add_argument("--folder", type=Path, required=True, help="holds returns-PERIOD.csv files")
    given = asks.parse_args(arguments)
    try:
        for workbook in sorted(given.folder.glob(f"{NAMED}*.csv")):
            hand_in(given.http, given.token, given.scene, workbook)
    except BoroughError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    return 0


def hand_in(url: str, token: str, scene: str, workbook: Path) -> None:
    """Send one workbook and ask for a draft; what is refused is told.  Raises `BusDown`."""
    period = workbook.stem.removeprefix(NAMED)
    query = urlencode({"scene": scene, "period": period, "name": workbook.name})
    path, sent = f"{EVALUATIONS}/returns?{query}", workbook.read_bytes()
    status, said = ask(url, path, token=token, content=sent)
    if status < BAD:
        status, said = ask(url, EVALUATIONS, token=token, body={"scene": scene, "period": period})
    sys.stdout.write(f"{workbook.name}: {said if status >= BAD else 'draft 草案'}\n")


if __name__ == "__main__":
    sys.exit(main())
