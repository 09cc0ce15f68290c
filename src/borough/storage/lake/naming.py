"""The table beside history that says what each series number stands for."""

from typing import Any

import numpy as np
from arro3.core import Array, DataType, Table
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError

from borough.core.errors import HistoryFull
from borough.core.registry import Registry
from borough.storage.lake.places import Folder
from borough.storage.lake.trouble import said


def publish(place: Folder, registry: Registry) -> None:
    """Write series, thing id, key, property and kind of every series as a Delta table.

    The whole table is replaced in one commit; whoever is reading keeps the one before.
    """
    series = np.sort(registry.numbers).astype(np.int32)
    row = registry.row_of_series[series]
    kinds = registry.kind[row]
    names = [[each.code for each in kind.properties] for kind in registry.kinds]
    column = registry.column[series]
    text = DataType.string()
    columns: dict[str, Any] = {
        "series": Array.from_numpy(series),
        "thing": Array.from_numpy(registry.id[row].astype(np.int64)),
        "key": Array([registry.key[each] for each in row.tolist()], text),
        "property": Array(
            [names[kind][at] for kind, at in zip(kinds.tolist(), column.tolist(), strict=True)],
            text,
        ),
        "kind": Array([registry.kinds[kind].code for kind in kinds.tolist()], text),
    }
    try:
        write_deltalake(place.address, Table.from_pydict(columns).to_reader(), mode="overwrite")
    except (OSError, DeltaError) as error:
        msg = f"the table of series cannot be written: {said(error)}"
        raise HistoryFull(msg) from error
