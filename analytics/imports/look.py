"""A look at a file before it is imported: what it is, how it is written, what stands in its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from analytics.imports import dates, quantities
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.instants import ISO_LIKE
from analytics.imports.tables.opened import open_table
from analytics.imports.vocabulary import MISSING

SEEN_ROWS = 20_000
SHOWN_ROWS = 20
SHOWN_SAMPLES = 5
SHOWN_CHARACTERS = 200
KINDS = ("empty", "integer", "decimal", "instant", "text")


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    """One of KINDS."""
    samples: tuple[str, ...]
    """Some of its distinct values."""
    open_dates: tuple[str, ...] = ()
    """Two of its dates such as 03/04/2025, if nothing seen says whether the day or the month comes first."""

    @property
    def ambiguous_dates(self) -> bool:
        return bool(self.open_dates)


@dataclass(frozen=True)
class Part:
    """One of the several files of an archive."""

    name: str
    n_bytes: int


@dataclass(frozen=True)
class Look:
    """What was found out; encoding, delimiter and sheet can be told to `look_at`, and to the import, otherwise."""

    compression: str
    """none, gzip, zstd or zip."""
    kind: str
    """csv, tsv, jsonl, xlsx, parquet, or archive: a zip of the several files of a format that has several."""
    encoding: str
    encoding_share: float
    """How sure the encoding is, 0 to 1."""
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """The first rows, long values cut."""
    n_broken: int
    """Rows among the first SEEN_ROWS that could not be split into the columns."""
    format: str
    """The name of the import format that fits best."""
    parts: tuple[Part, ...] = ()
    """The files that will be read of an archive of several, in their order."""


def look_at(path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None) -> Look:
    """Look at a file; what is given is not found out.

    Raises:
        InvalidInput: nothing of it can be read, or it is empty; the sentence says why.
    """
    if (of_several := _of_several(path)) is not None:
        return of_several
    table = open_table(path, {"encoding": encoding or "", "delimiter": delimiter or "", "sheet": sheet or ""})
    first = next(table.parsed({}, SEEN_ROWS), None)
    rows = first.table if first else pa.table({name: pa.array([], pa.string()) for name in table.columns})
    return Look(
        compression=table.source.compression,
        kind="tsv" if table.delimiter == "\t" else table.kind,
        encoding=table.encoding.name if table.encoding else "",
        encoding_share=table.encoding.share if table.encoding else 1.0,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        columns=tuple(_column(name, column) for name, column in zip(table.columns, rows.columns, strict=True)),
        rows=tuple(tuple(map(_cut, row)) for row in _rows(rows.slice(0, SHOWN_ROWS))),
        n_broken=len(first.broken) if first else 0,
        format=guessed_format(rows),
    )


def guessed_format(rows: pa.Table) -> str:
    """The format whose own signs the first rows show; generic events if none does."""
    found = ((format_named(name).fitness(rows), name) for name in FORMATS)
    return max(found, key=lambda each: each[0])[1]


def kind_of(texts: pa.Array) -> str:
    """What (n,) distinct texts are, all of them."""
    if not len(texts):
        return "empty"

    def all_match(pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())

    if all_match(r"^[+-]?[0-9]+$"):
        return "integer"
    if all_match(rf"({quantities.NUMBER})|({quantities.DECIMAL_COMMA})|({quantities.PERCENT})"):
        return "decimal"
    is_iso = pc.match_substring_regex(texts, ISO_LIKE)
    others = texts.filter(pc.invert(is_iso)).to_pylist()
    return "instant" if all(dates.is_date(text) for text in others) else "text"


def _column(name: str, values: pa.ChunkedArray) -> Column:
    distinct = pc.unique(pc.utf8_trim_whitespace(values.drop_null().combine_chunks()))
    distinct = distinct.filter(pc.invert(pc.is_in(pc.utf8_lower(distinct), pa.array(sorted(MISSING)))))
    kind = kind_of(distinct)
    order, figures = dates.open_order(distinct) if kind == "instant" else ("", ())
    samples = tuple(str(_cut(text)) for text in distinct[:SHOWN_SAMPLES].to_pylist())
    return Column(name, kind, samples, figures if order is None else ())


def _rows(table: pa.Table) -> zip[tuple[str | None, ...]]:
    """Rows as tuples: names of columns may repeat themselves."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _of_several(path: Path) -> Look | None:
    """A folder or archive of several files that a format knows by their names."""
    for name in FORMATS:
        if parts := format_named(name).parts(path):
            told = tuple(Part(PurePosixPath(part.name).name, part.n_bytes) for part in parts)
            packing = "none" if path.is_dir() else "zip"
            return Look(packing, "archive", "utf-8", 1.0, ",", "", (), (), (), 0, name, told)
    return None
