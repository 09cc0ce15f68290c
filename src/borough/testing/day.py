"""A day played through the public API: what people do is done once, whatever dies meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from borough.testing.living import Living, eventually

HOUR_MS = 3_600_000


@dataclass
class Day:
    """A living district and what its people do in it; nothing is done twice, whatever dies."""

    living: Living
    http: httpx.Client
    start_ms: int

    def get(self, path: str, **params: Any) -> Any:
        """Ask until somebody answers."""
        answer: httpx.Response | None = None

        def heard() -> bool:
            nonlocal answer
            try:
                answer = self.http.get(f"/api/v1/{path}", params=params)
            except httpx.TransportError:
                return False
            return answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR

        eventually(heard, path)
        assert answer is not None
        answer.raise_for_status()
        return answer.json()

    def act(self, path: str, body: Callable[[], Mapping[str, Any] | None]) -> None:
        """Post what *body* gives after a look, until it gives None: done, by us or before."""

        def settled() -> bool:
            said = body()
            if said is None:
                return True
            try:
                answer = self.http.post(f"/api/v1/{path}", json=said)
            except httpx.TransportError:
                return False
            lost = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            stale = answer.status_code == httpx.codes.CONFLICT
            assert answer.is_success or lost or stale, f"{path}: {answer.text}"
            return False  # look again: what counts is what stands there now

        eventually(settled, path)

    def until(self, hour: float) -> None:
        """Wait for an hour of the day."""
        eventually(lambda: self.living.now >= self.start_ms + hour * HOUR_MS, f"hour {hour}")

    def case_of(self, scene: str) -> dict[str, Any] | None:
        """Find the newest case of a scene."""
        rows = self.get("cases", scene=scene, limit=1)["cases"]
        return self.get(f"cases/{rows[0]['id']}") if rows else None

    def observe(self, key: str, token: str, rows: list[dict[str, Any]]) -> None:
        """Send readings under a key of their own, until they are acknowledged; twice is once."""

        def taken() -> bool:
            try:
                answer = httpx.post(
                    f"{self.living.url}/api/v1/observations", auth=(key, token), timeout=60.0,
                    json={"observations": rows},
                    headers={"idempotency-key": f"{key}-{rows[0]['time']}"},
                )  # fmt: skip
            except httpx.TransportError:
                return False
            assert answer.status_code != httpx.codes.UNPROCESSABLE_ENTITY, answer.text
            return answer.is_success

        eventually(taken, f"readings of {key}")

    def file_once(self, path: str, how: Mapping[str, Any]) -> None:
        """Send something until it is acknowledged; its keys make one of two."""

        def taken() -> bool:
            try:
                answer = self.http.post(path, **how)
            except httpx.TransportError:
                return False
            lost = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            assert answer.is_success or lost, f"{path}: {answer.text}"
            return answer.is_success

        eventually(taken, path)

    def step(self, case: int, to: str, answers: Mapping[str, Any]) -> None:
        """Take the case to a step, once."""

        def body() -> dict[str, Any] | None:
            now = self.get(f"cases/{case}")
            if to in now["trail"]:
                return None
            return {"version": now["version"], "to": to, "answers": answers}

        self.act(f"cases/{case}/move", body)

    def questions(self, service: str) -> dict[str, str]:
        """Answer what a service must know, with the first that it offers."""
        asked = self.http.get(f"/open311/v2/services/{service}.json")
        if asked.status_code == httpx.codes.NOT_FOUND:
            return {}
        return {
            f"attribute[{each['code']}]": each["values"][0]["key"] if each["values"] else "1"
            for each in asked.raise_for_status().json()["attributes"]
            if each["required"]
        }

    def program(self) -> str:
        """Make a token with which a program may file requests, and do nothing else."""
        made = self.http.post(
            "/api/v1/tokens", json={"name": "citizen app", "rights": ["requests.file"]}
        )
        token: str = made.raise_for_status().json()["token"]
        return token

    def requests(self) -> Iterator[dict[str, Any]]:
        """Page through all requests."""
        before = 0
        while True:
            page = self.get("requests", before=before, limit=200)
            yield from page["requests"]
            if page["next"] is None:
                return
            before = page["next"]
