"""Run the fleet: ``python -m borough.edge.fleet --registry FILE --credentials FILE ...``."""

import argparse
import json
import sys
from pathlib import Path

from borough.core.clock import DistrictClock
from borough.core.errors import BadSetting, BoroughError
from borough.edge.fleet.run import (
    Run,
    Settings,
    obey,
    read_happenings,
    read_registry,
    read_tokens,
)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(prog="python -m borough.edge.fleet", description=__doc__)
    made.add_argument("--registry", type=Path, required=True, help="snapshot of the registry (npz)")
    made.add_argument("--credentials", type=Path, required=True, help="table of key,token")
    made.add_argument("--mqtt", required=True, help="HOST:PORT of the broker")
    made.add_argument("--http", default="", help="URL of the district, to hear what it noticed")
    made.add_argument(
        "--token", default="", help="operator's token: simulated workers act on cases"
    )
    made.add_argument(
        "--clock", required=True, help="start,rate,origin of the district's clock (ms)"
    )
    made.add_argument("--happenings", type=Path, help="what the scenes let happen (JSON)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--exit-after", type=float, help="stop after speaking for so long (s)")
    made.add_argument("--report", type=Path, help="write the report here too (JSON)")
    made.add_argument("--truth", type=Path, help="write what was planted here (JSON)")
    return made


def clock_of(text: str) -> DistrictClock:
    """Read ``start,rate,origin``.

    >>> clock_of("1720569600000,30,1700000000000").rate
    30.0
    """
    try:
        start, rate, origin = text.split(",")
        return DistrictClock(int(start), float(rate), int(origin))
    except ValueError as error:
        msg = f"--clock must be start,rate,origin, not {text!r}"
        raise BadSetting(msg) from error


def address_of(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        msg = f"--mqtt must be HOST:PORT, not {text!r}"
        raise BadSetting(msg)
    return host, int(port)


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; print the report as one line of JSON, the last on standard output."""
    given = parser().parse_args(arguments)
    try:
        settings = Settings(
            registry=read_registry(given.registry),
            tokens=read_tokens(given.credentials),
            mqtt=address_of(given.mqtt),
            clock=clock_of(given.clock),
            seed=given.seed,
            http=given.http.rstrip("/"),
            token=given.token,
            exit_after_s=given.exit_after,
            happenings=read_happenings(given.happenings) if given.happenings else (),
        )
        run = Run.of(settings)
    except BoroughError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    obey(run)
    told, truth = run.go()
    report = json.dumps(told, ensure_ascii=False)
    if given.truth:
        given.truth.write_text(json.dumps(truth, indent=1), encoding="utf-8")
    if given.report:
        given.report.write_text(report + "\n", encoding="utf-8")
    sys.stdout.write(report + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
