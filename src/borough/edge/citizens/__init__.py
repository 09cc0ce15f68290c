"""Invented citizens and clerks: synthetic messages as people might write them, and their way."""
