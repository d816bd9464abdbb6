"""What a table is: named columns, and rows that are read block by block from a place that was named before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.errors import InvalidInput
from analytics.imports.tables.encodings import Encoding
from analytics.imports.tables.packed import Packed

Position = dict[str, Any]
"""Where a reader goes on: JSON that only the reader understands; empty at the beginning."""


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not even be read into columns."""

    row_number: int
    code: str
    sentence: str
    text: str


@dataclass(frozen=True)
class Parsed:
    """n rows in the order of the file."""

    table: pa.Table
    """(n,) every column of the file, as text."""
    row_numbers: NDArray[np.int64]
    """(n,) 1 is the first row after the header."""
    position: Position
    """Where the rows after these begin."""
    share: float
    """How much of the file lies before that, 0 to 1."""
    broken: list[BrokenRow] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Table(ABC):
    """A file whose columns are known; what was found out about it can be told to `open_table` otherwise."""

    kind: ClassVar[str]
    source: Packed
    columns: list[str]
    encoding: Encoding | None = None
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    @abstractmethod
    def parsed(self, position: Position, n_rows: int) -> Iterator[Parsed]:
        """Parse on from a position that an earlier block named, at most `n_rows` rows at a time."""


def check_columns(name: str, columns: list[str]) -> None:
    """Refuse a header that names nothing, or more than anybody could map.

    Raises:
        InvalidInput: no column has a name, or there are more than NEURALINK_IMPORT_COLUMNS.
    """
    if not any(columns):
        raise InvalidInput(_("The file %(file)s has no header in its first line.") % {"file": name}, "file")
    most = settings.NEURALINK_IMPORT_COLUMNS
    if len(columns) > most:
        raise InvalidInput(
            _("The file %(file)s has %(n)s columns; at most %(most)s are read. Leave out those that tell nothing.")
            % {"file": name, "n": f"{len(columns):,}", "most": f"{most:,}"},
            "file",
        )


def as_texts(columns: list[str], rows: list[list[str | None]]) -> pa.Table:
    """(n,) rows of as many texts as there are columns."""
    turned = [list(column) for column in zip(*rows, strict=True)] or [[] for _column in columns]
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in turned], names=columns)
