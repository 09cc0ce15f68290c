"""Plain requests to the public HTTP door, as any program would make them."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from borough.core.errors import BusDown

TIMEOUT_S = 10.0
BAD = 400


def ask(
    url: str, path: str, *, token: str = "", body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """GET a path, or POST a JSON body to it; give the status and the JSON of the answer.

    Raises `BusDown` where nobody answers; a refusal is an answer, told by its status.
    """
    parts = urlsplit(url)
    line = HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=TIMEOUT_S)
    headers = {"content-type": "application/json", "accept": "application/json"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    try:
        sent = None if body is None else json.dumps(body).encode()
        line.request("GET" if body is None else "POST", path, sent, headers)
        answer = line.getresponse()
        said = json.loads(answer.read() or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        msg = f"{url}{path}: {error}"
        raise BusDown(msg) from error
    finally:
        line.close()
    return answer.status, said if isinstance(said, dict) else {}
