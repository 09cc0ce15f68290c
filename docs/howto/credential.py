"""Give a device or gateway a fresh token: `python docs/howto/credential.py DATA KEY`."""  # noqa: INP001 - a script beside its page, no package

import sys
from pathlib import Path

from borough.app.clocks import wall_ms
from borough.app.settings import Settings
from borough.storage.sql import SqlCredentials, connect


def main() -> None:
    """Print the key and its new token; the old token, if there was one, no longer works."""
    settings, key = Settings.read(Path(sys.argv[1])), sys.argv[2]
    at = settings.clock.now(wall_ms())
    tokens = SqlCredentials(connect(settings.store)).issue([key], at_ms=at)
    sys.stdout.write(f"{key},{tokens[key]}\n")


if __name__ == "__main__":
    main()
