"""A small OpenID provider, as a process of its own: `python openid.py PORT CLIENT SECRET`.

It vouches for whoever is named in the query of the authorization request as ``login_hint``, and
checks what a provider must: client, secret, redirect address, PKCE, a code used once.
"""

import base64
import hashlib
import secrets
import sys
import time
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

PORT, CLIENT, SECRET = sys.argv[1:] if __name__ == "__main__" else ("", "", "")
ISSUER = f"http://127.0.0.1:{PORT}"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)
app = FastAPI()
codes: dict[str, dict[str, str]] = {}
lies = {"how": ""}


@app.get("/.well-known/openid-configuration")
def configuration() -> dict[str, Any]:
    """Say where things are."""
    return {
        "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
    }  # fmt: skip


@app.get("/keys")
def keys() -> dict[str, Any]:
    """Give the public key."""
    return {"keys": [KEY.as_dict(private=False)]}


@app.get("/lie/{how}")
def lie(how: str) -> None:
    """Do something wrong from now on."""
    lies["how"] = how


@app.get("/authorize")
def authorize(request: Request) -> Response:
    """Send the browser back with a code."""
    asked = dict(request.query_params)
    if asked.get("code_challenge_method") != "S256" or asked["client_id"] != CLIENT:
        return JSONResponse({"error": "invalid_request"}, 400)
    code = secrets.token_urlsafe(16)
    codes[code] = asked
    return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)


@app.post("/token")
async def token(request: Request) -> Response:
    """Give an id token for a code, once."""
    form = {name: each[0] for name, each in parse_qs((await request.body()).decode()).items()}
    asked = codes.pop(form.get("code", ""), None)
    sign = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if (
        asked is None
        or request.headers.get("authorization") != f"Basic {sign}"
        or asked["code_challenge"] != challenge
        or asked["redirect_uri"] != form.get("redirect_uri")
    ):
        return JSONResponse({"error": "invalid_grant"}, 400)
    claims = {
        "iss": ISSUER, "aud": CLIENT, "sub": "subject-7", "nonce": asked["nonce"],
        "exp": int(time.time()) + 60,
    }  # fmt: skip
    wrong = {"audience": {"aud": "other"}, "nonce": {"nonce": "other"}, "late": {"exp": 1}}
    claims |= wrong.get(lies["how"], {})
    key = OTHER if lies["how"] == "key" else KEY
    signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
    return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="error")
