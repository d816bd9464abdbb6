"""Steps on texts: plain spelling, repaired encodings, ids that can be kept."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.marks import Flags, Mark, flags, rejected, repaired, touched
from analytics.imports.steps.base import (
    ID_CHARACTERS,
    IDS,
    NAME_CHARACTERS,
    NAMES,
    Rules,
    column,
    texts_of,
    with_column,
)
from analytics.imports.vocabulary import MISSING

CONTINUATION = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
GARBLED = f"[\u00c2-\u00f4][{CONTINUATION}]"
"""The letters that two bytes of UTF-8 become where they were taken for cp1252."""


def trim(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Cut white space, compose accents (NFC), and take words for nothing as nothing (null)."""

    def plain(texts: pa.Array, missing: list[str]) -> pa.Array:
        texts = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFC"))
        return pc.if_else(pc.is_in(pc.utf8_lower(texts), pa.array(missing)), None, texts)

    is_changed = np.zeros(rows.num_rows, dtype=np.bool_)
    for name in texts_of(rows):
        # There are people whose name is Nan or Null.
        missing = [""] if name in NAMES else sorted(MISSING)
        rows, changed = _changed(rows, name, partial(plain, missing=missing))
        is_changed |= changed
    return rows, [touched(rows, is_changed)]


def empty_as_missing(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Where texts are left as they are, nothing is still nothing."""
    for name in texts_of(rows):
        texts = column(rows, name)
        rows = with_column(rows, name, pc.if_else(pc.equal(texts, ""), None, texts))
    return rows, []


def encodings(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Undo UTF-8 that a program took for cp1252: “MÃ¼ller” was Müller."""
    is_changed = np.zeros(rows.num_rows, dtype=np.bool_)
    for name in texts_of(rows):
        rows, changed = _changed(rows, name, _mended)
        is_changed |= changed
    sentence = _("Letters such as “Ã¼” were UTF-8 read as something else; they were put right.")
    return rows, [repaired(rows, is_changed, "text_garbled", sentence)]


def incomplete(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Reject rows that do not say of whom, or of what, they tell."""
    return rows, [
        rejected(rows, missing, f"{name}_missing", _("The row names no %s.") % name)
        for name, missing in _missing(rows).items()
    ]


def incomplete_stops(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    for name, missing in _missing(rows).items():
        if missing.any():
            raise InvalidInput(
                _("A row names no %(name)s, and this import does not leave out such rows, so it stopped there.")
                % {"name": name}
            )
    return rows, []


def storable(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Want ids and texts that PostgreSQL can keep; cut names."""
    marks = []
    for name in (name for name in IDS if name in rows.column_names):
        long = flags(pc.greater(pc.utf8_length(column(rows, name)), ID_CHARACTERS))
        sentence = _("The %(name)s id is longer than %(most)s characters.") % {"name": name, "most": ID_CHARACTERS}
        marks.append(rejected(rows, long, f"{name}_too_long", sentence))
    for name in texts_of(rows):
        nul = flags(pc.match_substring(column(rows, name), "\0"))
        marks.append(rejected(rows, nul, "nul_character", _("The row holds a NUL character, which no text has.")))
    for name in (name for name in NAMES if name in rows.column_names):
        texts = column(rows, name)
        long = flags(pc.greater(pc.utf8_length(texts), NAME_CHARACTERS))
        marks.append(repaired(rows, long, f"{name}_cut", _("The name was cut to %s characters.") % NAME_CHARACTERS))
        rows = with_column(rows, name, pc.utf8_slice_codeunits(texts, 0, NAME_CHARACTERS))
    return rows, marks


def storable_stops(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Without the step nothing is rejected or cut, and what cannot be kept at all ends the import."""
    _rows, marks = storable(rows, rules)
    if found := next((mark for mark in marks if len(mark.places)), None):
        raise InvalidInput(
            _("%(what)s This import neither rejects nor cuts such rows, so it stopped there.")
            % {"what": found.sentence}
        )
    return rows, []


def _missing(rows: pa.Table) -> dict[str, Flags]:
    """Which rows lack what they must name: one of an enrolment a course, which is optional beside an activity."""
    wanted = ("learner", "activity") if "activity" in rows.column_names else ("learner", "course")
    return {name: flags(pc.is_null(column(rows, name))) for name in wanted if name in rows.column_names}


def _changed(rows: pa.Table, name: str, change: partial[pa.Array] | object) -> tuple[pa.Table, Flags]:
    """The rows with a column of changed texts, and which of them changed; "" that became nothing did not."""
    coded = column(rows, name).dictionary_encode()
    before = coded.dictionary
    after = change(before)  # type: ignore[operator]
    is_same = pc.or_(pc.fill_null(pc.equal(before, after), False), pc.equal(before, ""))
    if pc.all(is_same).as_py() and not after.null_count:
        return rows, np.zeros(rows.num_rows, dtype=np.bool_)
    return with_column(rows, name, after.take(coded.indices)), flags(pc.invert(is_same).take(coded.indices))


def _mended(texts: pa.Array) -> pa.Array:
    likely = flags(pc.match_substring_regex(texts, GARBLED))
    if not likely.any():
        return texts
    return pa.array(
        [_undone(text) if is_likely else text for text, is_likely in zip(texts.to_pylist(), likely, strict=True)],
        pa.string(),
    )


def _undone(text: str) -> str:
    """The text read again as the UTF-8 that its bytes are; as it is if they are none."""
    try:
        # What cp1252 does not define some programs pass on as it is.
        return b"".join(_byte(letter) for letter in text).decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _byte(letter: str) -> bytes:
    return letter.encode("iso8859-1" if "\x80" <= letter <= "\x9f" else "cp1252")
