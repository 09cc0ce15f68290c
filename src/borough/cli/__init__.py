"""The `borough` command: one file per verb."""

import sys

from cyclopts import App

from borough.core.errors import TITLES, BoroughError

app = App(
    name="borough",
    help="Borough, an open operating system for a city district. 区县操作系统。",
    version_flags=["--version"],
)
for _verb in ("demo", "up", "doctor", "bench"):
    app.command(f"borough.cli.{_verb}:{_verb}", name=_verb)
for _noun in ("scene", "district"):
    app.command(f"borough.cli.{_noun}:app", name=_noun)


def main() -> None:
    """Run one verb; what went wrong on purpose is told in a sentence, without a traceback."""
    try:
        app()
    except BoroughError as error:
        title = TITLES[error.code]
        sys.stderr.write(f"{title['zh']} · {title['en']} [{error.code}]\n{error}\n")
        raise SystemExit(1) from error
