"""One of many words, in one parameter: hundreds of them cost more to write down than to look up."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Dialect, String, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from borough.core.cases import canonical


class _Written(UserDefinedType[str]):
    """An array of words as PostgreSQL writes it: its driver takes one long word in one piece."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_told: Any) -> str:
        """Name the type."""
        return "VARCHAR[]"


class _Words(TypeDecorator[list[str]]):
    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_array = dialect.name == "postgresql"
        return dialect.type_descriptor(_Written() if is_array else String())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name != "postgresql":
            return canonical(list(value))
        escaped = (each.replace("\\", "\\\\").replace('"', '\\"') for each in value)
        return "{" + ",".join(f'"{each}"' for each in escaped) + "}"


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stand as it is: with the ``= 1`` that SQLite is given otherwise, it uses no index."""
        del against
        return self


@compiles(_Among, "postgresql")
def _array(element: _Among, compiler: Any, **told: Any) -> str:
    column, words = (compiler.process(each, **told) for each in element.clauses)
    return f"{column} = ANY({words})"


@compiles(_Among, "sqlite")
def _json(element: _Among, compiler: Any, **told: Any) -> str:
    column, words = (compiler.process(each, **told) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({words}))"  # noqa: S608 - a parameter


def among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Ask for a column to be one of the words that are given as the parameter *name*."""
    return _Among(column, bindparam(name, type_=_Words()))
