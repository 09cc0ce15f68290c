"""What the documents tell people to type is true: verbs, options, addresses and links exist."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from borough.api.application import create
from borough.cli import app
from borough.testing.town import town

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
FIRST_PAGES = [*READMES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]
PAGES = [*FIRST_PAGES, *sorted((ROOT / "docs").rglob("*.md"))]
FIRST = ["./borough demo", "./borough test"]
LAUNCHER = {"test", "check"}
"""Verbs of the launcher itself; the command does not know them."""
SAFE = ("scene list", "scene check", "district check", "doctor", "--version")
"""Verbs that only look, and are done in seconds."""
SHORT = {"my-district", "my-scenes", "my-scenes/my_scene"}
"""Folders that a reader has made by then, and a test has not."""
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def lines(page: Path) -> Iterator[str]:
    """Walk the commands of a page, those over several lines in one, without their remarks."""
    for block in BLOCK.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.partition(" # ")[0].strip()


def typed() -> list[list[str]]:
    """Collect what follows ./borough anywhere in the documents, each once."""
    found = {
        line.removeprefix("./borough ").partition(" | ")[0]
        for page in PAGES
        for line in lines(page)
        if line.startswith("./borough ")
    }
    return [shlex.split(each) for each in sorted(found)]


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_a_readme_begins_with_the_two_commands(page: Path) -> None:
    """Whoever opens it reads first what to type, and in both languages the same."""
    assert list(lines(page))[:2] == FIRST
    assert page.read_text("utf-8").startswith("```sh\n./borough demo")
    assert list(lines(page)) == list(lines(READMES[0]))


@pytest.mark.parametrize("words", typed(), ids=" ".join)
def test_a_command_in_the_documents_is_understood(words: list[str]) -> None:
    """The verb exists and takes these arguments; nothing is run."""
    if words[0] in LAUNCHER:
        assert f"{words[0]})" in (ROOT / "borough").read_text("utf-8")
        return
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    name = str(bound.arguments.get("name", ""))

    assert words[0] != "bench" or not name or (ROOT / "bench" / f"{name}.py").exists()


@pytest.mark.parametrize(
    "words",
    [each for each in typed() if " ".join(each).startswith(SAFE) and not SHORT & set(each)],
    ids=" ".join,
)
def test_a_command_that_only_looks_works(words: list[str], tmp_path: Path) -> None:
    """It ends well and says something; a doctor may find a fault, but not fail."""
    program = [sys.executable, "-m", "borough", *words]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - commands of our own documents

    assert done.stdout, done.stderr
    assert done.returncode in ({0, 1} if words[0] == "doctor" else {0}), done.stdout
    assert "Traceback" not in done.stderr


def test_addresses_in_the_documents_are_served() -> None:
    """Each /api path that a page names is one that the application has."""
    served = [
        re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        for path in (*create(town(10)).openapi()["paths"], "/api/v1/openapi.json")
    ]
    named = {
        re.sub(r"[$]\w+|\{\w+\}", "x", path).rstrip("/.")
        for page in PAGES
        for path in re.findall(r"/api/v1[\w/$.{}-]*", page.read_text("utf-8"))
    }

    assert named
    assert [each for each in named if not any(path.fullmatch(each) for path in served)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to another file of the project names one that is there, and its heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            assert heading in {each.lower().replace(" ", "-") for each in headings}, link


def test_pictures_are_light() -> None:
    """A page opens quickly on a slow line."""
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))

    assert pictures
    assert all(each.stat().st_size < 400_000 for each in pictures)
