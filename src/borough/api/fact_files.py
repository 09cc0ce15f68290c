"""Files of figures that come in over HTTP: kept under a name of our own until they are read."""

import json
import secrets
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from borough.api.refusals import BadFields, TooLarge

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIXES = {".csv", ".xlsx"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in ("text/csv", XLSX)
        },
    }
}
"""A file as the body of a request, for the reference."""
MOST_BYTES = 64 << 20
"""A file of figures: far more than a district reports in a year."""


async def kept(request: Request, folder: Path, name: str, most: int) -> Path:
    """Keep the body of a request as a file; give where. `TooLarge` beyond *most* bytes."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        among = " or ".join(sorted(SUFFIXES))
        field = "name"
        raise BadFields.one(field, f"{name!r} must end in {among}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            msg = f"the file is larger than {most} bytes"
            raise TooLarge(msg)
    path = folder / f"facts-{secrets.token_hex(8)}{suffix}"
    await run_in_threadpool(_written, path, body)
    return path


def _written(path: Path, body: bytes | bytearray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def results_of(path: Path) -> list[dict[str, Any]]:
    """Read what the desk said of each row, and clear both files away."""
    results = path.with_name(path.name + ".results.json")
    try:
        found: list[dict[str, Any]] = json.loads(results.read_text("utf-8"))
    finally:
        path.unlink(missing_ok=True)
        results.unlink(missing_ok=True)
    return found
