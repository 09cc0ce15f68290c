"""Signing in through an OpenID provider: authorization code with PKCE; off unless it is set up."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast
from urllib.parse import quote, urlencode

from borough.app.settings import Settings
from borough.core.errors import BadSetting, Forbidden

BACK = "/api/v1/sessions/outside/back"
ALGORITHMS = ["RS256", "PS256", "ES256"]
"""How a provider may sign: public keys only, so that "none" and shared secrets are refused."""
TIMEOUT_S = 10.0


def provider(settings: Settings) -> "OpenProvider | None":
    """Give the provider that is set up, if one is; `BadSetting` where half of it is missing."""
    if not settings.oidc_issuer:
        return None
    for name in ("oidc_client", "oidc_back"):
        if not getattr(settings, name):
            msg = f"{name}: needed beside oidc_issuer"
            raise BadSetting(msg)
    try:
        import httpx  # noqa: F401, PLC0415 - only who signs in so needs it
        import joserfc  # noqa: F401, PLC0415 - the same
    except ImportError as error:
        msg = "oidc_issuer: install borough[oidc] to sign in through a provider"
        raise BadSetting(msg) from error
    return OpenProvider(settings)


class OpenProvider:
    """One OpenID provider, found by its issuer's address."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer.rstrip("/")
        self.client, self.secret = settings.oidc_client, settings.oidc_secret
        self.back = settings.oidc_back.rstrip("/") + BACK

    async def start(self) -> tuple[str, str]:
        """Give where to send a browser, and what it must keep until it comes back."""
        held = {name: secrets.token_urlsafe(48) for name in ("state", "nonce", "verifier")}
        challenge = urlsafe_b64encode(sha256(held["verifier"].encode()).digest()).decode()
        asked = {
            "response_type": "code", "scope": "openid", "client_id": self.client,
            "redirect_uri": self.back, "state": held["state"], "nonce": held["nonce"],
            "code_challenge": challenge.rstrip("="), "code_challenge_method": "S256",
        }  # fmt: skip
        async with self._line() as line:
            url = (await self._told(line))["authorization_endpoint"]
        sent = f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"
        return sent, urlsafe_b64encode(json.dumps(held).encode()).decode()

    async def finish(self, kept: str, came: Mapping[str, str]) -> str:
        """Give the subject of whoever came back; `Forbidden` where anything is not as it must."""
        from httpx import HTTPError  # noqa: PLC0415 - see `provider`
        from joserfc.errors import JoseError  # noqa: PLC0415 - the same

        try:
            held = json.loads(urlsafe_b64decode(kept))
            if not secrets.compare_digest(str(came.get("state")), str(held["state"])):
                msg = "the provider answered somebody else's question; sign in again"
                raise Forbidden(msg)
            asked = {
                "grant_type": "authorization_code", "code": came.get("code", ""),
                "redirect_uri": self.back, "code_verifier": held["verifier"],
            }  # fmt: skip
            if not self.secret:
                asked["client_id"] = self.client
            async with self._line() as line:
                told = await self._told(line)
                sign = (quote(self.client), quote(self.secret)) if self.secret else None
                given = await line.post(told["token_endpoint"], data=asked, auth=sign)
                keys = (await line.get(told["jwks_uri"])).raise_for_status().json()
            return self._subject(given.raise_for_status().json()["id_token"], keys, held["nonce"])
        except (HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            msg = f"the provider did not vouch for anybody: {type(error).__name__}"
            raise Forbidden(msg) from error

    def _line(self) -> Any:
        from httpx import AsyncClient  # noqa: PLC0415 - see `provider`

        return AsyncClient(timeout=TIMEOUT_S)

    async def _told(self, line: Any) -> Mapping[str, Any]:
        from httpx import HTTPError  # noqa: PLC0415 - see `provider`

        url = f"{self.issuer}/.well-known/openid-configuration"
        try:
            told = (await line.get(url)).raise_for_status().json()
        except (HTTPError, ValueError) as error:
            msg = "the provider does not answer; try again, or sign in with a password"
            raise Forbidden(msg) from error
        if told.get("issuer", "").rstrip("/") != self.issuer:
            msg = "the provider calls itself by another name"
            raise Forbidden(msg)
        return cast("Mapping[str, Any]", told)

    def _subject(self, token: str, keys: Any, nonce: str) -> str:
        from joserfc import jwt  # noqa: PLC0415 - see `provider`
        from joserfc.jwk import KeySet  # noqa: PLC0415 - the same

        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
        must: dict[str, Any] = {
            "iss": {"essential": True, "values": [self.issuer, f"{self.issuer}/"]},
            "aud": {"essential": True, "value": self.client},
            "nonce": {"essential": True, "value": nonce},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        jwt.JWTClaimsRegistry(**must).validate(claims)
        return str(claims["sub"])
