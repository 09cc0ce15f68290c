"""Make sure that the machine has what the tests drive: a browser and curl. Run by `./borough test`.

PostgreSQL is looked after by `borough.testing.postgres`.
"""

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "curl")


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Install what is missing; 1 with a sentence where that cannot be done."""
    if any(shutil.which(each) for each in BROWSERS) and shutil.which("curl"):
        return 0
    if not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")):
        say(f"The tests need curl and a browser: one of {', '.join(BROWSERS)}.")
        return 1
    say("Installing Chromium and curl for tests, a minute the first time ... 正在安装测试所需软件")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", "-q", *words], env=environment, check=True, **quiet)  # noqa: S603, S607 - the system's own installer, with our own words
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
