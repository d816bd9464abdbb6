"""Apache Parquet: columns of any type, as the texts that they would be in CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.tables.base import Parsed, Position, Table, check_columns
from analytics.imports.tables.packed import Packed

START = b"PAR1"


@dataclass(frozen=True, kw_only=True)
class Parquet(Table):
    kind: ClassVar[str] = "parquet"
    n_rows: int

    def parsed(self, position: Position, n_rows: int) -> Iterator[Parsed]:
        done = position.get("row", 1) - 1
        with self.source.random_access() as file, pyarrow.parquet.ParquetFile(file) as table:
            passed = 0
            for group in range(table.num_row_groups):
                n_there = table.metadata.row_group(group).num_rows
                if passed + n_there > done:
                    yield from self._group(table, group, passed, done, n_rows)
                passed += n_there

    def _group(
        self, table: pyarrow.parquet.ParquetFile, group: int, first: int, done: int, n_rows: int
    ) -> Iterator[Parsed]:
        """The rows of a row group, of which the first is the file's row `first` (from 0), but none before `done`."""
        for batch in table.iter_batches(min(n_rows, 65_536), row_groups=[group], use_threads=False):
            last = first + batch.num_rows
            if last > done:
                rows = batch.slice(max(done - first, 0))
                columns = [_texts(column) for column in rows.columns]
                yield Parsed(
                    pa.Table.from_arrays(columns, names=self.columns),
                    np.arange(max(first, done) + 1, last + 1),
                    {"row": last + 1},
                    last / self.n_rows,
                )
            first = last


def opened(source: Packed) -> Parquet:
    """Read the footer.

    Raises:
        InvalidInput: there is none, so the file is damaged or ends too early, or it has no columns.
    """
    with source.random_access() as file:
        try:
            with pyarrow.parquet.ParquetFile(file) as table:
                columns, n_rows = [name.strip() for name in table.schema_arrow.names], table.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise InvalidInput(
                _("%(file)s is damaged or ends too early: it is no whole Parquet file.") % {"file": source.name}, "file"
            ) from error
    check_columns(source.name, columns)
    return Parquet(source=source, columns=columns, n_rows=n_rows)


def _texts(column: pa.Array) -> pa.Array:
    """(n,) values of any type as texts."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
