"""Facts on their way in: tables of units and headings, rows of a file, and what checks say."""

from borough.engine.facts.content import Content, content
from borough.engine.facts.rows import Reader, Refusal, Taken
from borough.engine.facts.vocabulary import headings, units

__all__ = ["Content", "Reader", "Refusal", "Taken", "content", "headings", "units"]
