"""A port that somebody takes between looking and listening: a new district tries others."""

import socket
from pathlib import Path

from borough.app.district_run import answers, begun
from borough.testing.living import Living, eventually


def test_a_new_district_moves_where_a_port_was_taken_meanwhile(tmp_path: Path) -> None:
    """It serves on another port, keeps that, and says so."""
    living = Living.made(tmp_path / "data", "template", share=1.0)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", living.settings.http_port)):
        settings, keeper = begun(living.settings, said.append)
        try:
            eventually(lambda: answers(settings), "an answer")
        finally:
            keeper.stop()

    assert settings.http_port != living.settings.http_port
    assert settings.bus_port == living.settings.bus_port
    assert "a port was taken meanwhile; trying others" in said
    assert f'"http_port": {settings.http_port}' in (tmp_path / "data/settings.json").read_text(
        "utf-8"
    )
