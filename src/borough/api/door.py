"""What all doors of the interface have in common: who may, and how a refusal looks."""

from typing import Any

from fastapi import APIRouter, Depends

from borough.api import problems
from borough.api.access import judged


class Door(APIRouter):
    """The endpoints of one matter: each request is judged, and a refusal is a problem document.

    They are whole when they are declared, and an application takes them as they are; `FastAPI`
    would make each a second time of what is said of an application or of a router in it.
    """

    def __init__(self, *, dependencies: Any = (), **given: Any) -> None:
        super().__init__(
            dependencies=[Depends(judged), *dependencies], responses=problems.DECLARED, **given
        )
