"""What we depend on is written down where people look, neither more nor less."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bare(requirement: str) -> str:
    """Take the name out of a requirement: ``psycopg[binary]>=3.2`` is psycopg."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def listed() -> dict[str, str]:
    """Read the packages of DEPENDENCIES.md, each with the extra that it belongs to."""
    found: dict[str, str] = {}
    for line in (ROOT / "DEPENDENCIES.md").read_text("utf-8").splitlines():
        cell = line.split("|")[1].strip() if line.startswith("| ") else ""
        names, _, extra = cell.partition(" (extra `")
        if not cell or cell in {"package", "---"}:
            continue
        found |= {name.strip(): extra.removesuffix("`)") for name in names.split(",")}
    return found


def test_every_dependency_is_explained_and_nothing_else_is() -> None:
    """DEPENDENCIES.md lists exactly the packages and extras that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {bare(each): "" for each in project["dependencies"]}
    for extra, needs in project["optional-dependencies"].items():
        asked |= {bare(each): extra for each in needs}

    assert listed() == asked


def test_every_row_says_licence_use_and_loss() -> None:
    """Nobody has to guess under which licence a package comes, or what it is for."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in (ROOT / "DEPENDENCIES.md").read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]

    assert rows
    assert all(len(row) == len(rows[0]) and all(row) for row in rows)


def test_the_changelog_knows_this_version() -> None:
    """The newest entry is of the version that pyproject.toml builds."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert heading is not None
    assert heading[1] == version
