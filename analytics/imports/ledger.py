"""The ledger of an import: what was read is accepted, merged or rejected, and every such row says why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from analytics.errors import NeuralinkError
from analytics.imports.clean import Cleaned, label_of
from analytics.imports.copying import copy_rows
from analytics.imports.formats.base import Batch
from analytics.imports.marks import Mark, n_rows, n_touched
from analytics.models import Import, Verdict

CONTENT_CHARACTERS = 20_000
"""Longer cells are cut: rejected rows come back from their verdicts, so most must be kept whole."""
MATCHED_CODE = "learner_matched"


@dataclass
class Counts:
    """Rows of a batch or of a whole import."""

    read: int = 0
    accepted: int = 0
    merged: int = 0
    repaired: int = 0
    """Accepted or merged after a repair; counted there too."""
    rejected: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    by_step: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, import_: Import) -> Counts:
        return cls(
            import_.n_read,
            import_.n_accepted,
            import_.n_merged,
            import_.n_repaired,
            import_.n_rejected,
            Counter(import_.counts_by_code),
            Counter(import_.counts_by_step),
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.accepted + other.accepted,
            self.merged + other.merged,
            self.repaired + other.repaired,
            self.rejected + other.rejected,
            self.by_code + other.by_code,
            self.by_step + other.by_step,
        )

    def fields(self) -> dict[str, Any]:
        """As the fields of the import's row."""
        return {
            "n_read": self.read,
            "n_accepted": self.accepted,
            "n_merged": self.merged,
            "n_repaired": self.repaired,
            "n_rejected": self.rejected,
            "counts_by_code": dict(self.by_code),
            "counts_by_step": dict(self.by_step),
        }


@dataclass(frozen=True)
class Line:
    """One verdict on one row."""

    row_number: int
    verdict: Verdict
    code: str
    sentence: str
    content: dict[str, Any]


def counted(batch: Batch, cleaned: Cleaned, loaded: list[Mark]) -> Counts:
    """Count a batch after its load, which left marks of its own.

    Raises:
        NeuralinkError: the counts do not add up, which is a fault of the format or of the load.
    """
    marks = [*cleaned.marks, *loaded]
    by_code = Counter(row.code for row in batch.broken)
    for mark in marks:
        by_code[mark.code] += len(mark.places)
    merged, lost = n_rows(loaded, Verdict.MERGED), n_rows(loaded, Verdict.REJECTED)
    matched = [mark for mark in loaded if mark.code == MATCHED_CODE]
    by_load = Counter({label_of("match_learners"): n_touched(matched), label_of("merge_duplicates"): merged})
    counts = Counts(
        read=batch.n_rows,
        accepted=cleaned.rows.num_rows - merged - lost,
        merged=merged,
        repaired=n_rows(marks, Verdict.REPAIRED),
        rejected=n_rows(marks, Verdict.REJECTED) + len(batch.broken),
        by_code=by_code,
        by_step=cleaned.by_step + by_load,
    )
    if counts.read != counts.accepted + counts.merged + counts.rejected:
        raise NeuralinkError(
            _("%(file)s: of %(read)s rows %(found)s are accounted for; nothing of them was kept.")
            % {
                "file": batch.file_name,
                "read": counts.read,
                "found": counts.accepted + counts.merged + counts.rejected,
            }
        )
    return counts


def lines(batch: Batch, marks: Iterable[Mark]) -> Iterator[Line]:
    """The verdicts on the rows of a batch."""
    for row in batch.broken:
        yield Line(row.row_number, Verdict.REJECTED, row.code, row.sentence, {"text": _shown(row.text)})
    for mark in marks:
        if mark.verdict is None:
            continue
        for place in mark.places.tolist():
            content = {name: _shown(column[place].as_py()) for name, column in _items(batch.raw)}
            read = {name: _shown(column[place].as_py()) for name, column in _items(batch.rows)}
            sentence = mark.sentence.format_map(_Words(content | read))
            yield Line(int(batch.row_numbers[place]), mark.verdict, mark.code, sentence, content)


def keep(import_: Import, file_name: str, kept: Sequence[Line], offset: int = 0) -> None:
    """Write verdicts, by COPY, for a bad file has one for every row; `offset` is added to the rows' numbers."""
    columns: dict[str, pa.Array] = {
        "organisation_id": pa.array([import_.organisation_id] * len(kept), pa.int64()),
        "from_import_id": pa.array([import_.pk] * len(kept), pa.int64()),
        "file_name": pa.array([file_name] * len(kept), pa.string()),
        "row_number": pa.array([line.row_number + offset for line in kept], pa.int64()),
        "verdict": pa.array([line.verdict.value for line in kept], pa.string()),
        "code": pa.array([line.code for line in kept], pa.string()),
        "sentence": pa.array([line.sentence for line in kept], pa.string()),
        "content": pa.array([json.dumps(line.content, ensure_ascii=False) for line in kept], pa.string()),
    }
    copy_rows("analytics_rowverdict", pa.table(columns))


class _Words(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""


def _items(table: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    return zip(table.column_names, table.columns, strict=True)


def _shown(value: Any) -> Any:
    """A value as JSON and PostgreSQL can keep it: no NUL, not endless."""
    if isinstance(value, str):
        shown = value.replace("\0", "\N{SYMBOL FOR NULL}")
        return shown if len(shown) <= CONTENT_CHARACTERS else shown[:CONTENT_CHARACTERS] + "…"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
