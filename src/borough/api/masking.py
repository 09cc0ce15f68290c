"""Give persons' data to those who may see it as it is, and to others covered."""

from collections.abc import Iterable, Mapping

from starlette.requests import Request

from borough.api.access import MACHINE
from borough.api.covering import masked
from borough.api.ports import Ports
from borough.api.rights import rights
from borough.core.people import Who

RIGHT = "persons.read"


def sees_all(who: Who) -> bool:
    """Say whether somebody may see personal data as it is."""
    return who == MACHINE or bool(who.reach(rights().roles, RIGHT))


async def shown(
    request: Request, ports: Ports, persons: Iterable[int], why: str
) -> dict[int, Mapping[str, str]]:
    """Give persons' data as whoever asks may see it: as it is, which is told, or masked."""
    wanted = sorted(set(persons))
    who: Who = request.state.who
    if not wanted:
        return {}
    if not sees_all(who):
        found = ports.people.unread(wanted)
        return {number: masked(fields) for number, fields in found.items()}
    ask = {"persons": wanted, "why": why, "by": who.name}
    read = await ports.desk.ask("read_persons", ask)
    return {int(number): fields for number, fields in read["persons"].items()}
