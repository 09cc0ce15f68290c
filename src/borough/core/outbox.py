"""What goes out of the house: messages that wait, when they are tried again, when given up."""

from dataclasses import dataclass

WAITING, SENT, DEAD = STATES = ("waiting", "sent", "dead")
"""What becomes of a message: it waits for its moment, it went, or it was given up."""
HOOK, NOTICE = "hook", "notice"
"""The two couriers."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that waits to be delivered, at least once and always under the same ``id``.

    ``target`` is a hook's id or a recipient's code, by ``courier``; ``seq`` the number of the
    event of ``case`` that it tells of.  ``held`` ones of a recipient go out together.  Times are
    ms on the wall clock.
    """

    id: str
    courier: str
    target: str
    case: int
    seq: int
    body: str
    made_ms: int
    due_ms: int
    held: bool = False
    state: str = WAITING
    tries: int = 0
    ended_ms: int | None = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a try: ``status`` is that of HTTP or 0, ``says`` a sentence for people.

    ``over`` says that further tries are in vain, ``after_ms`` how long the receiver wants peace.
    """

    good: bool
    status: int = 0
    took_ms: int = 0
    says: str = ""
    over: bool = False
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and after which pauses, a message is tried again.

    The first pause is ``first_ms``; each further one is ``factor`` times as long, ``most_ms`` at
    most, and differs by up to ``jitter`` of itself, so that not all come back at once.  After
    ``tries`` tries it is dead.
    """

    first_ms: int
    factor: float
    most_ms: int
    jitter: float
    tries: int

    def pause_ms(self, tries: int, chance: float) -> int | None:
        """Say how long to wait after so many tries; None: no more.  *chance* is in [0, 1).

        >>> Retry(5_000, 4.0, 60_000, 0.0, 4).pause_ms(2, 0.5)
        20000
        """
        if tries >= self.tries:
            return None
        pause = min(self.first_ms * self.factor ** (tries - 1), self.most_ms)
        return round(pause * (1 + self.jitter * (2 * chance - 1)))
