"""What only a door can refuse, beside the errors that the whole product knows."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from borough.core import errors
from borough.core.errors import BadRequest, Forbidden


class Explained(BadRequest):
    """A refusal that tells more than a sentence; ``extra`` goes into the problem document."""

    def __init__(self, detail: str, extra: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.extra = extra


class BadFields(Explained):
    """Fields of a request have values that cannot be; ``fields`` says which and why."""

    code: ClassVar[str] = "bad-fields"

    def __init__(self, detail: str, fields: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(detail, {"fields": fields})

    @classmethod
    def one(cls, field: str, detail: str) -> "BadFields":
        """Refuse one field."""
        return cls(f"{field}: {detail}", [{"field": field, "detail": detail}])


class NothingTaken(Explained):
    """Not one of the rows that were sent can be taken in."""

    code: ClassVar[str] = "nothing-taken"


class NotSignedIn(Forbidden):
    """The caller has not shown who they are, or nobody of that name."""

    code: ClassVar[str] = "not-signed-in"


class TooLarge(BadRequest):
    """The body of a request is larger than the door allows."""

    code: ClassVar[str] = "too-large"


class WrongAddress(Forbidden):
    """The request was sent to a host name that this server does not go by."""

    code: ClassVar[str] = "wrong-address"


TITLES: Mapping[str, Mapping[str, str]] = {
    **errors.TITLES,
    "bad-fields": {"zh": "字段的值不成立", "en": "A field has a value that cannot be"},
    "nothing-taken": {"zh": "没有一行可以接收", "en": "Not one row can be taken in"},
    "not-signed-in": {"zh": "尚未表明身份", "en": "Say who you are first"},
    "too-large": {"zh": "内容过大", "en": "The body is too large"},
    "wrong-address": {"zh": "访问地址不对", "en": "This server does not go by that name"},
}
"""What each code means, for people, in both languages."""
