"""Excel workbooks (.xlsx), read as a stream of cells.

Of a formula what it came to when the file was saved is read; nothing is computed, and no external link is followed.
"""

from __future__ import annotations

import contextlib
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import ParseError

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.tables.base import Parsed, Position, Table, as_texts, check_columns
from analytics.imports.tables.packed import FREE_BYTES, Packed

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

SHARED = "xl/sharedStrings.xml"
SHARED_BYTES = 64 * 2**20
"""The texts of a workbook have to lie in memory; more than so many bytes of them would not."""
PARSED_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class Sheet(Table):
    kind: ClassVar[str] = "xlsx"
    n_rows: int
    """As the sheet says; not all programs say it right."""

    def parsed(self, position: Position, n_rows: int) -> Iterator[Parsed]:
        number = position.get("row", 1)
        with _workbook(self.source) as book:
            cells = book[self.sheet].iter_rows(min_row=number + 1, values_only=True)
            rows = (row for row in cells)
            while block := list(islice(rows, min(n_rows, PARSED_ROWS))):
                texts = [[_text(value) for value in self._fitted(row)] for row in block]
                full = [place for place, row in enumerate(texts) if any(row)]
                table = as_texts(self.columns, [texts[place] for place in full])
                numbers = np.array([number + place for place in full], dtype=np.int64)
                number += len(block)
                yield Parsed(table, numbers, {"row": number}, min(number / max(self.n_rows, number), 1.0))

    def _fitted(self, row: tuple[Any, ...]) -> list[Any]:
        return [*row[: len(self.columns)], *[None] * (len(self.columns) - len(row))]


def opened(source: Packed, sheet: str = "") -> Sheet:
    """Read the header of a sheet; of the first that has one if none is named.

    Raises:
        InvalidInput: the workbook is damaged or too large, or has no such sheet, or no header in it.
    """
    with _workbook(source) as book:
        names = tuple(each.title for each in book.worksheets)
        if sheet and sheet not in names:
            raise InvalidInput(
                _("%(file)s has no sheet %(sheet)r. Its sheets are: %(names)s.")
                % {"file": source.name, "sheet": sheet, "names": ", ".join(names)},
                "sheet",
            )
        for name in [sheet] if sheet else names:
            header = next(book[name].iter_rows(max_row=1, values_only=True), ())
            columns = [(_text(value) or "").strip() for value in header]
            while columns and not columns[-1]:
                columns.pop()
            if columns:
                check_columns(source.name, columns)
                return Sheet(source=source, columns=columns, sheet=name, sheets=names, n_rows=book[name].max_row or 0)
    raise InvalidInput(_("%(file)s has no header in the first row of a sheet.") % {"file": source.name}, "file")


@contextlib.contextmanager
def _workbook(source: Packed) -> Iterator[Workbook]:
    import openpyxl  # here and not above: most imports are no workbooks
    from openpyxl.utils.exceptions import InvalidFileException

    damaged = _("%(file)s is damaged: it is no whole Excel workbook.") % {"file": source.name}
    with source.random_access() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations that are of no interest here
        try:
            _check_size(source, file)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
        except (zipfile.BadZipFile, KeyError, ValueError, ParseError, EOFError, InvalidFileException) as error:
            raise InvalidInput(damaged, "file") from error


def _check_size(source: Packed, file: Any) -> None:
    with zipfile.ZipFile(file) as archive:
        sizes = {info.filename: (info.file_size, info.compress_size) for info in archive.infolist()}
    n_bytes, n_packed = (sum(each[place] for each in sizes.values()) for place in (0, 1))
    if (
        n_bytes > max(FREE_BYTES, settings.NEURALINK_UNPACKED_RATIO * n_packed)
        or sizes.get(SHARED, (0,))[0] > SHARED_BYTES
    ):
        raise InvalidInput(
            _("%(file)s unpacks to %(n)s MiB, more than is read of a workbook. Save the sheet as CSV and import that.")
            % {"file": source.name, "n": f"{n_bytes // 2**20:,}"},
            "file",
        )


def _text(value: Any) -> str | None:
    """A cell as it would stand in CSV."""
    if value is None:
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
