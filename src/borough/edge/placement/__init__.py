"""Lay a district out: draw its governance grids, staff them, and place its fleet."""

from borough.edge.placement.fleet import place

__all__ = ["place"]
