"""From which used share on a clock has which colour; `bands.toml` has each with its source."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from borough.core.cases import GREEN
from borough.core.deadlines import Bands
from borough.core.errors import BadParameter, BadRequest

SHIPPED = Path(__file__).with_suffix(".toml")


def bands(own: Mapping[str, float] | None = None) -> Bands:
    """Give the bands that come with Borough, with those shares that a district sets itself.

    Raises `BadParameter` where a colour is unknown or the shares do not rise.
    """
    shares = {name: each["value"] for name, each in shipped().items()}
    if stray := (own or {}).keys() - shares.keys():
        msg = f"bands: {min(stray)} is none of {', '.join(shares)}"
        raise BadParameter(msg)
    shares |= own or {}
    try:
        return Bands(((0.0, GREEN), *((float(share), name) for name, share in shares.items())))
    except BadRequest as error:
        raise BadParameter(str(error)) from None


def shipped() -> dict[str, dict[str, float]]:
    """Read the table."""
    return tomllib.loads(SHIPPED.read_text("utf-8"))
