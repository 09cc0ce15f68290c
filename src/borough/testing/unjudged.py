"""A town in which nothing has been evaluated yet: what the doors then have to tell."""

from typing import Any, NoReturn

from borough.core.errors import NotFound


class Unjudged:
    """Evaluations where there is none."""

    def find(self, _scene: str, _period: str, _state: str) -> list[dict[str, Any]]:
        """List none."""
        return []

    def schemes(self) -> list[dict[str, Any]]:
        """List no scene that evaluates."""
        return []

    def rows(self, number: int, **_choice: Any) -> NoReturn:
        """Raise `NotFound`."""
        raise none(number)

    def full(self, number: int) -> NoReturn:
        """Raise `NotFound`."""
        raise none(number)

    def trace(self, number: int, _subject: str) -> NoReturn:
        """Raise `NotFound`."""
        raise none(number)

    def what_if(self, number: int, _rules: str) -> NoReturn:
        """Raise `NotFound`."""
        raise none(number)

    def exported(self, number: int, _suffix: str) -> NoReturn:
        """Raise `NotFound`."""
        raise none(number)


def none(number: int) -> NotFound:
    """Say that there is no such evaluation."""
    return NotFound(f"evaluation: there is no {number}")
