"""Warnings to the public, written as CAP 1.2."""
