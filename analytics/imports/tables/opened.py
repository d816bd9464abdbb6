"""The one way to open a file of rows: unpack, decode, and choose the kind of table by the first bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytics.imports.tables import delimited, json_lines, parquet, sheets
from analytics.imports.tables.base import Table
from analytics.imports.tables.packed import ZIP, Packed, packed
from analytics.imports.tables.text import BOM, text_of

KINDS = ("csv", "tsv", "jsonl", "xlsx", "parquet")


def open_table(file: Path | Packed, options: Mapping[str, Any] | None = None) -> Table:
    """Open a file; `options` may hold encoding, delimiter and sheet, which are found out otherwise.

    Raises:
        InvalidInput: it cannot be read, is empty, is damaged, or has no header.
    """
    given = options or {}
    source = file if isinstance(file, Packed) else packed(file)
    with source.stream() as stream:
        start = stream.read(4)
    if start == parquet.START:
        return parquet.opened(source)
    if start == ZIP:
        return sheets.opened(source, given.get("sheet", ""))
    text = text_of(source, given.get("encoding", ""))
    if not given.get("delimiter") and text.sample().removeprefix(BOM).lstrip()[:1] == b"{":
        return json_lines.opened(text)
    return delimited.opened(text, given.get("delimiter", ""))
