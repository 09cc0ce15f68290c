"""No path is served that the table of rights does not know, and none is told that is not there."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute

from borough.api.access import judged
from borough.api.application import create
from borough.api.rights import rights
from borough.core.plans import STAGES
from borough.testing.town import town


def paths(routes: Iterable[Any]) -> Iterator[str]:
    """Name every method and path of an application."""
    for route in routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            if method != "HEAD":
                yield f"{method} {route.path}"


def test_every_path_has_a_line_in_the_table_of_rights() -> None:
    """And every line its path: what is served is what was judged."""
    served = set(paths(create(town(10)).routes))

    assert sorted(served - rights().endpoints.keys()) == []
    assert sorted(rights().endpoints.keys() - served) == []


def test_every_endpoint_is_judged_before_it_answers() -> None:
    """A part whose endpoints stand on anything but a `Door` would be open to everybody."""
    asked = {
        f"{route.path}": {each.call for each in route.dependant.dependencies}
        for route in create(town(10)).routes
        if isinstance(route, APIRoute)
    }

    assert asked
    assert sorted(path for path, calls in asked.items() if judged not in calls) == []


def test_every_right_is_held_by_some_role() -> None:
    """A right that only the machine itself has is a line that somebody forgot."""
    roles = [role for code, role in rights().roles.by_code.items() if "*" not in role.rights]
    only = {"accounts.write", "persons.erase"}

    held = {right for right in rights().known() if any(role.has(right) for role in roles)}
    assert sorted(rights().known() - held - only) == []


def test_every_right_of_a_role_is_one_that_something_asks_for() -> None:
    """A slip of the pen gives a role nothing, and nobody would notice."""
    known = rights().known() | {f"stages.{stage}" for stage in STAGES}

    for code, role in rights().roles.by_code.items():
        for right in role.rights:
            kind = right.removesuffix("*")
            assert any(each.startswith(kind) for each in known), (code, right)
            assert right.endswith("*") or right in known, (code, right)


def test_roles_have_names_in_both_languages() -> None:
    """People read them."""
    for role in rights().roles.by_code.values():
        assert role.name["zh"]
        assert role.name["en"]
