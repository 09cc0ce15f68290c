"""Make the application: every door on one server."""

from importlib.metadata import version

from fastapi import Depends, FastAPI

from borough.api import (
    accounts,
    accounts_sessions,
    appraisals,
    audit,
    case_acts,
    cases,
    commands,
    detections,
    evaluations,
    facts,
    files,
    hooks,
    imports,
    live,
    matters,
    notices,
    observations,
    open311,
    pages,
    places,
    problems,
    queue,
    requests,
    requests_photos,
    requests_public,
    rosters,
    scenes,
    series,
    shares,
    shelves,
    similar,
    standards,
    tasks,
    things,
    vitals,
    warnings,
)
from borough.api.access import Gate, judged
from borough.api.accounts_passwords import Throttle
from borough.api.admission import Admission
from borough.api.places import Atlas
from borough.api.ports import Ports
from borough.api.refused import Notices
from borough.api.tally import Tally

ABOUT = """
Borough 是城区的操作系统：看见、研判、跟办、说清。对象 (thing) 上报观测 (observation)，场景看出
预警 (detection)，预警立为案卷 (case)，有人跟到结案。

Borough sees a city district, decides, follows through and accounts for itself. Things report
observations, scenes see detections in them, detections become cases, and people close those.

* Times are milliseconds since 1970, UTC, in the district's own time, which a demonstration may
  run faster than the clock on the wall.
* Errors are problem documents (RFC 9457) with a stable `code` and titles in both languages.
* Each path needs a right, and roles have rights: a person signs in, a program shows its token
  as `Authorization: Bearer`. Much can be read on this machine without either. Sending
  observations needs the credential of a device or gateway, as `Authorization: Basic` or
  `Bearer key:token`.
"""
PARTS = (
    places,
    scenes,
    imports,  # before things, of which none can be called imports or exports
    things,
    series,
    detections,
    queue,
    cases,
    similar,
    case_acts,
    standards,
    commands,
    tasks,
    matters,
    observations,
    live,
    vitals,
    facts,
    evaluations,
    requests_photos,
    requests_public,  # before requests, of which none can be called form or receipts
    requests,
    accounts_sessions,
    accounts,
    audit,
    appraisals,
    warnings,
    files,
    hooks,
    notices,
    shares,
    rosters,
    shelves,
)
"""Every door with its endpoints, in the order in which paths are tried."""


def create(ports: Ports) -> FastAPI:
    """Join the ports into an application that a server can run.

    Close ``ports.live`` when the server is told to stop, or its listeners keep it waiting.
    """
    app = FastAPI(
        title=f"Borough · {ports.district.name['zh']} {ports.district.name['en']}",
        description=ABOUT,
        version=version("borough"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses=problems.DECLARED,
        dependencies=[Depends(judged)],
    )
    renew(app, ports)
    app.state.tally = Tally()
    app.state.notices, app.state.throttle = Notices(), Throttle()
    app.add_middleware(Gate, hosts=ports.hosts)
    problems.install(app)
    for door in (*(part.router for part in PARTS), warnings.public, open311.router):
        app.router.routes.extend(door.routes)
    pages.install(app)
    return app


def renew(app: FastAPI, ports: Ports) -> None:
    """Go on with other ports, those with a registry that has changed; requests keep theirs."""
    admission = Admission(ports.registry, ports.limits.ahead_ms, ports.limits.errors_told)
    atlas = Atlas(ports)
    ports.live.registry = ports.registry
    app.state.ports, app.state.atlas, app.state.admission = ports, atlas, admission
