"""JSON lines: one object a line; what lies in an object of it gets a name with a dot, `learner.id`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.tables.base import BrokenRow, Parsed, Position, Table, as_texts, check_columns
from analytics.imports.tables.rows import ROW_BYTES, blocks
from analytics.imports.tables.text import BOM, Text

SHOWN_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class JsonLines(Table):
    kind: ClassVar[str] = "jsonl"
    text: Text

    def parsed(self, position: Position, n_rows: int) -> Iterator[Parsed]:
        start, number = position.get("byte", 0), position.get("row", 1)
        with self.text.stream() as stream:
            stream.jump(start)
            for block in blocks(stream, start, n_rows, has_quotes=False):
                rows: list[list[str | None]] = []
                numbers: list[int] = []
                broken: list[BrokenRow] = []
                for line in block.rows():
                    if not line.strip():
                        continue
                    found = _row(line, len(line) + block.n_skipped_bytes)
                    if isinstance(found, dict):
                        rows.append([found.get(name) for name in self.columns])
                        numbers.append(number)
                    else:
                        shown = line.decode(errors="backslashreplace")[:SHOWN_CHARACTERS]
                        broken.append(BrokenRow(number, *found, shown))
                    number += 1
                table = as_texts(self.columns, rows)
                position = {"byte": block.end, "row": number}
                yield Parsed(table, np.array(numbers, dtype=np.int64), position, stream.share(block.end), broken)


def opened(text: Text) -> JsonLines:
    """Take the names in the first rows as columns.

    Raises:
        InvalidInput: none of the first lines is an object.
    """
    lines = text.sample().removeprefix(BOM).splitlines(keepends=True)
    columns: dict[str, None] = {}
    for line in lines:
        found = _row(line, len(line))
        if isinstance(found, dict):
            columns |= dict.fromkeys(found)
    if not columns:
        raise InvalidInput(_("No line of %(file)s is a JSON object.") % {"file": text.source.name}, "file")
    check_columns(text.source.name, list(columns))
    return JsonLines(source=text.source, columns=list(columns), encoding=text.encoding, text=text)


def _row(line: bytes, n_bytes: int) -> dict[str, str | None] | tuple[str, str]:
    """The values of a line as texts by name, or the code and the sentence that say why there are none."""
    if n_bytes > ROW_BYTES:
        return "row_too_long", _("The row is %(n)s bytes long; the longest that is read has %(most)s.") % {
            "n": n_bytes,
            "most": ROW_BYTES,
        }
    try:
        found = json.loads(line.removeprefix(BOM))
    except (ValueError, RecursionError):
        return "not_json", _("The line is not JSON.")
    if not isinstance(found, dict):
        return "not_an_object", _("The line is JSON, but no object of names and values.")
    return _flat(found)


def _flat(values: dict[str, Any], above: str = "", depth: int = 0) -> dict[str, str | None]:
    flat: dict[str, str | None] = {}
    for name, value in values.items():
        if isinstance(value, dict) and depth < 4:
            flat |= _flat(value, f"{above}{name}.", depth + 1)
        else:
            flat[above + name] = _text(value)
    return flat


def _text(value: Any) -> str | None:
    """A value as text; half of a surrogate pair, which no text may hold, is replaced."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
