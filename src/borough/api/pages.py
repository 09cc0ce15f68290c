"""The pages that people open: the console, and the reference of this interface, offline."""

from importlib.resources import files
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from borough.core.errors import NotFound

CONSOLE = Path(str(files("borough.console")))
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI's own files, Apache-2.0, as the package fastapi-offline (MIT) carries them."""
DOCS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Borough API 接口文档</title>
<link rel="icon" href="/console/mark.svg">
<link rel="stylesheet" href="/swagger/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script src="/console/docs.js"></script>
</body>
</html>
"""
LOOSE = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Swagger UI writes styles into its elements; nothing else of ours may."""

PAGES = {each.stem: f"/console/{each.name}" for each in CONSOLE.glob("*.html")} | {"index": "/"}
"""Where each page is, by the name that stands in its address."""
TYPED = PAGES | {
    other: PAGES[page]
    for page, others in {
        "index": ("map", "home", "console"),
        "queue": ("cases", "desk", "duty"),
        "accounts": ("account", "audit", "tokens"),
        "posts": ("rosters", "roster"),
        "request": ("form", "report"),
        "sign_in": ("login", "signin", "sign-in"),
    }.items()
    for other in others
}
"""Where each word leads that somebody may type after the address of the district."""


def install(app: FastAPI) -> None:
    """Serve the console at ``/`` and the reference at ``/docs``; lead there from what is typed."""
    page = (CONSOLE / "index.html").read_text("utf-8")

    @app.get("/", include_in_schema=False)
    def console() -> HTMLResponse:
        return HTMLResponse(page, headers={"cache-control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(DOCS, headers={"content-security-policy": LOOSE})

    @app.get("/{word}", include_in_schema=False)
    def typed(word: str) -> RedirectResponse:
        name = word.lower().removesuffix(".html")
        if name not in TYPED:
            names = ", ".join(f"/{each}" for each in sorted({*PAGES, "docs"} - {"index"}))
            msg = f"page: there is no {word!r}; there are /, {names}"
            raise NotFound(msg)
        return RedirectResponse(TYPED[name])

    app.mount("/console", Fresh(directory=CONSOLE, html=True), name="console")
    app.mount("/swagger", StaticFiles(directory=SWAGGER), name="swagger")


class Fresh(StaticFiles):
    """Files that a browser asks about again each time, and fetches only when they changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response
