"""Backups: a district in one file, taken while it runs, and laid down again elsewhere."""

from borough.app.backup.archive import Manifest, verified
from borough.app.backup.restoring import restore
from borough.app.backup.taking import back_up

__all__ = ["Manifest", "back_up", "restore", "verified"]
