"""What every body of a request has in common: it says what we know, or it is refused."""

from pydantic import BaseModel, ConfigDict


class Exact(BaseModel):
    """A body of JSON; a field that it does not have is refused by its name, 422 `bad-fields`.

    A word misspelt would otherwise be lost in silence, and with it what somebody meant to say.
    """

    model_config = ConfigDict(extra="forbid")
