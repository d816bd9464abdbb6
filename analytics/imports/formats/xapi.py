"""xAPI statements, one JSON object a line: stored as if a tool had sent them, and events from there on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Batch, Format, Target
from analytics.imports.tables.base import BrokenRow, Position
from analytics.imports.tables.packed import packed
from analytics.imports.tables.rows import ROW_BYTES, Block, blocks
from analytics.imports.tables.text import BOM, Text, text_of
from analytics.xapi.errors import InvalidValue
from analytics.xapi.json_text import dump_json, parse_json
from analytics.xapi.statements import ONE, TWO, check_statement

BATCH_STATEMENTS = 2000
"""A statement is a kilobyte and more, and those that tools send meanwhile become events only after the batch."""
SHOWN_CHARACTERS = 300


class Xapi(Format):
    label = gettext_noop("xAPI statements (JSON lines)")

    def files(self) -> list[Path]:
        return [self.path]

    def check(self) -> None:
        if not self.path.is_file():
            raise InvalidInput(_("There is no file %(path)s.") % {"path": self.path}, "file")
        first = next((line for line in self._text().sample().removeprefix(BOM).splitlines() if line.strip()), b"")
        if not first.lstrip().startswith(b"{"):
            raise InvalidInput(
                _("%(file)s does not begin with a statement: each line must be one JSON object.")
                % {"file": self.path.name},
                "file",
            )

    def verify(self) -> None:
        self._text().source.verify()

    def batches(self, position: Position) -> Iterator[Batch]:
        start, number = position.get("byte", 0), position.get("row", 1)
        with self._text().stream() as stream:
            stream.jump(start)
            for block in blocks(stream, start, min(self.batch_rows, BATCH_STATEMENTS), has_quotes=False):
                batch = self._batch(block, number, stream.share(block.end))
                number = batch.position["row"]
                yield batch

    def _batch(self, block: Block, number: int, share: float) -> Batch:
        documents: list[bytes] = []
        shown: list[str] = []
        numbers: list[int] = []
        broken: list[BrokenRow] = []
        for line in block.rows():
            if not line.strip():
                continue
            text = line.decode(errors="backslashreplace")[:SHOWN_CHARACTERS]
            found = _document(line, number, len(line) + block.n_skipped_bytes)
            if isinstance(found, bytes):
                documents.append(found)
                shown.append(text)
                numbers.append(number)
            else:
                broken.append(BrokenRow(number, *found, text))
            number += 1
        rows = pa.table({"document": pa.array(documents, pa.binary())})
        raw = pa.table({"statement": pa.array(shown, pa.string())})
        position = {"byte": block.end, "row": number}
        numbered = np.array(numbers, dtype=np.int64)
        return Batch(Target.STATEMENTS, self.path.name, rows, raw, numbered, position, share, broken)

    def _text(self) -> Text:
        return text_of(packed(self.path))

    @classmethod
    def fitness(cls, rows: pa.Table) -> float:
        return 0.95 if {"verb.id", "object.id"} <= set(rows.column_names) else 0.0


def _document(line: bytes, number: int, n_bytes: int) -> bytes | tuple[str, str]:
    """The checked statement with an id, or the code and the sentence that say why it is none.

    One without an id gets that of its place and content, so that an import that goes on finds the same.
    """
    if n_bytes > ROW_BYTES:
        sentence = _("The statement is %(n)s bytes long; the longest that is read has %(most)s.")
        return "row_too_long", sentence % {"n": n_bytes, "most": ROW_BYTES}
    try:
        statement = parse_json(line.removeprefix(BOM), settings.NEURALINK_JSON_LEVELS)
        check_statement(statement, version_of(statement))
    except InvalidValue as error:
        return "statement_invalid", str(error)
    if "id" not in statement:
        statement["id"] = str(uuid5(NAMESPACE_OID, f"{number} {line.decode(errors='replace')}"))
    return dump_json(statement).encode()


def version_of(statement: Any) -> str:
    """2.0.0 takes statements of both versions but for what 1.0.3 alone allows."""
    is_one = isinstance(statement, dict) and str(statement.get("version", "")).startswith("1.")
    return ONE if is_one else TWO
