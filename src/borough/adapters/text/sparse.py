"""SciPy's sparse tables, loaded when the first is made.

They take a second to load and 24 MB to hold, which a desk or api that sorts nothing can save.
"""

import importlib
from typing import Any

Rows = Any
"""A `scipy.sparse.csr_matrix`, which has no types: a message in each row."""


def __getattr__(name: str) -> Any:
    """Give what `scipy.sparse` has under this name."""
    return getattr(importlib.import_module("scipy.sparse"), name)
