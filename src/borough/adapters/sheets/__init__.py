"""Tables of people, in and out: CSV, Excel workbooks and GeoJSON, as rows of text.

`read` gives a `Sheet` whatever the file is, `write` makes any of the three, and `marked`
returns a sheet with what is wrong beside each row.  `BadSheet` says where a file is at fault.
"""

from borough.adapters.sheets.files import KINDS, read, write
from borough.adapters.sheets.limits import LIMITS, Limits
from borough.adapters.sheets.sheet import Sheet
from borough.adapters.sheets.text import neutral
from borough.adapters.sheets.writing import ERRORS, marked

__all__ = ["ERRORS", "KINDS", "LIMITS", "Limits", "Sheet", "marked", "neutral", "read", "write"]
