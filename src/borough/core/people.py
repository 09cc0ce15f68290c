"""Who may do what: roles as sets of rights, held in some agencies and areas.

A right is ``matter.act``, such as ``cases.move``.  A role is a set of rights; an account holds
roles, each in some agencies and areas or in all of them; a program's token holds rights.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from borough.core.errors import BadRequest

NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,63}")
RIGHT = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+|\*|[a-z0-9_]+\.\*")
AREA = re.compile(r"\d{1,15}")
MOST = 50
"""Grants of an account, and agencies or areas of a grant."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a right is held: in agencies by code and areas by the first digits of a grid's code.

    Empty means everywhere.
    """

    agencies: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    @property
    def everywhere(self) -> bool:
        """Whether it has no bounds."""
        return not (self.agencies or self.areas)

    def covers(self, agencies: Iterable[str], grid: str) -> bool:
        """Tell whether it reaches a matter of these agencies in a grid.

        >>> Bounds(frozenset({"water"}), frozenset({"500112"})).covers(["water"], "500112003001")
        True
        >>> Bounds(frozenset({"water"})).covers(["fire"], "500112003001")
        False
        """
        if self.agencies and self.agencies.isdisjoint(agencies):
            return False
        return not self.areas or any(grid.startswith(each) for each in self.areas)


Within = tuple[tuple[frozenset[str], tuple[tuple[int, int], ...]], ...]
"""Bounds as a store needs them: agencies, and areas as first and last row of grids; several are
joined by "or", and none at all is everywhere."""


def ranges(bounds: "Bounds", codes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Give the rows of grids that lie in areas, as stretches of rows; (-1, -1) where none does.

    >>> ranges(Bounds(areas=frozenset({"12"})), ("110", "120", "121", "130", "129"))
    ((1, 2), (4, 4))
    """
    if not bounds.areas:
        return ()
    found: list[tuple[int, int]] = []
    for row, code in enumerate(codes):
        if code.startswith(tuple(bounds.areas)):
            joins = found and found[-1][1] == row - 1
            found[-1:] = [(found[-1][0], row)] if joins else [*found[-1:], (row, row)]
    return tuple(found) or ((-1, -1),)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that somebody holds, and where."""

    role: str
    bounds: Bounds = Bounds()

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read ``{"role", "agencies", "areas"}``; `BadRequest` names the field."""
        role, agencies, areas = told.get("role"), told.get("agencies", ()), told.get("areas", ())
        if not isinstance(role, str) or not role:
            msg = "role: name the role"
            raise BadRequest(msg)
        return cls(role, bounds(agencies, areas))

    def told(self) -> dict[str, Any]:
        """Give it as it is kept."""
        where = self.bounds
        return {
            "role": self.role, "agencies": sorted(where.agencies), "areas": sorted(where.areas)
        }  # fmt: skip


def bounds(agencies: Sequence[str], areas: Sequence[str]) -> Bounds:
    """Read the bounds of a right; `BadRequest` names the field."""
    for name, given in (("agencies", agencies), ("areas", areas)):
        texts = not isinstance(given, str) and all(isinstance(each, str) for each in given)
        if not texts or len(given) > MOST:
            msg = f"{name}: a list of at most {MOST} codes"
            raise BadRequest(msg)
    for area in areas:
        if not AREA.fullmatch(area):
            msg = f"areas: the first digits of a grid's code, not {area!r}"
            raise BadRequest(msg)
    return Bounds(frozenset(agencies), frozenset(areas))


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its names and rights; ``*`` and ``cases.*`` stand for many, less *without*."""

    name: Mapping[str, str]
    rights: frozenset[str]
    without: frozenset[str] = frozenset()

    def has(self, right: str) -> bool:
        """Tell whether the role has a right."""
        matter = right.partition(".")[0]
        some = {right, f"{matter}.*", "*"}
        return not some.isdisjoint(self.rights) and some.isdisjoint(self.without)


@dataclass(frozen=True, slots=True)
class Roles:
    """All roles by code."""

    by_code: Mapping[str, Role]

    def reach(self, grants: Iterable[Grant], right: str) -> tuple[Bounds, ...]:
        """Give where the holder of *grants* has a right; nothing where nowhere."""
        held = [
            grant.bounds
            for grant in grants
            if grant.role in self.by_code and self.by_code[grant.role].has(right)
        ]
        return (Bounds(),) if any(each.everywhere for each in held) else tuple(held)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: a person with a session, a program with a token, or nobody known.

    ``name`` is what logs write.  ``rights`` are those of a token, None for a person, who has
    the rights of the roles in ``grants``; a token's own bounds are in ``bounds``.
    ``post`` is the one they work at; it gives them no right.
    """

    name: str
    kind: str
    grants: tuple[Grant, ...] = ()
    rights: frozenset[str] | None = None
    bounds: Bounds = Bounds()
    session: int = 0
    title: str = field(default="", compare=False)
    post: str = field(default="", compare=False)

    @property
    def roles(self) -> frozenset[str]:
        """The codes of the roles."""
        return frozenset(grant.role for grant in self.grants)

    def reach(self, roles: Roles, right: str) -> tuple[Bounds, ...]:
        """Give where they have a right; nothing where nowhere."""
        if self.rights is None:
            return roles.reach(self.grants, right)
        return (self.bounds,) if Role({}, self.rights).has(right) else ()


def account_name(name: str) -> str:
    """Give the name under which somebody signs in; `BadRequest` where it cannot be one.

    >>> account_name(" Li.Wei ")
    'li.wei'
    """
    plain = name.strip().lower()
    if not NAME.fullmatch(plain):
        msg = "account: 1 to 64 of a-z 0-9 _ . @ -, and no mark at its beginning"
        raise BadRequest(msg)
    return plain
