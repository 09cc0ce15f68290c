"""Carry messages out of the house: to programs over HTTP, to people through their channels."""
