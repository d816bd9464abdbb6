"""Steps on words: synonyms of verbs, kinds and outcomes, and what is filled in where there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports.marks import Flags, Mark, flags, rejected, repaired, touched
from analytics.imports.steps.base import Rules, by_distinct, column, with_column
from analytics.imports.vocabulary import kind_of, outcome_of, verb_of
from analytics.models import Kind, Outcome, Verb

Lookup = Callable[[str], str | None]


def synonyms(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Map words to the verbs, kinds and outcomes that are known here."""
    return _mapped(rows, rules, {"verb": verb_of, "kind": kind_of, "outcome": outcome_of})


def exact_words(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    def exactly(words: list[str]) -> Lookup:
        return lambda word: word if word in words else None

    known = {"verb": exactly(Verb.values), "kind": exactly(Kind.values), "outcome": exactly(Outcome.values)}
    return _mapped(rows, rules, known)


def fill(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Fill in what rows do not name, each column by the rule that the import states; nothing is made up."""
    marks = []
    stated = {
        "verb": (rules.default_verb, _("The row has no verb; “%s” was taken, as this import says.")),
        "at": (rules.default_at, _("The row does not say when; “%s” was taken, as this import says.")),
        "course": (rules.default_course, _("The row names no course; “%s” was taken, as this import says.")),
        "value": (rules.default_value, _("The row has no value; “%s” was taken, as this import says.")),
        "unit": (rules.default_unit, _("The value has no unit; “%s” was taken, as this import says.")),
    }
    for name, (given, sentence) in stated.items():
        if given and name in rows.column_names and pa.types.is_string(rows[name].type):
            missing = flags(pc.is_null(column(rows, name)))
            if name == "unit":
                missing &= flags(pc.is_valid(column(rows, "value")))
            rows = with_column(rows, name, pc.if_else(pa.array(missing), given, column(rows, name)))
            marks.append(repaired(rows, missing, f"{name}_filled", sentence % given))
    if rules.default_kind != Kind.OTHER and "kind" in rows.column_names:
        missing = flags(pc.is_null(column(rows, "kind")))
        rows = with_column(rows, "kind", pc.fill_null(column(rows, "kind"), rules.default_kind.value))
        marks.append(touched(rows, missing))
    return rows, marks


def _mapped(rows: pa.Table, rules: Rules, known: dict[str, Lookup]) -> tuple[pa.Table, list[Mark]]:
    marks = []
    for name, lookup in known.items():
        if name not in rows.column_names:
            continue
        texts = column(rows, name)
        found = by_distinct(texts, partial(_looked_up, lookup))
        unknown = flags(pc.is_null(found)) & flags(pc.is_valid(texts))
        default, mark = _unknown(rows, rules, name, unknown)
        changed = flags(pc.not_equal(found, texts))
        rows = with_column(rows, name, pc.if_else(pa.array(unknown), default, found))
        marks += [mark, touched(rows, changed)]
        if name == "verb":
            marks.append(rejected(rows, flags(pc.is_null(texts)), "verb_missing", _("The row has no verb.")))
    return rows, marks


def _looked_up(lookup: Lookup, words: pa.Array) -> pa.Array:
    return pa.array([None if word is None else lookup(word) for word in words.to_pylist()], pa.string())


def _unknown(rows: pa.Table, rules: Rules, name: str, unknown: Flags) -> tuple[str, Mark]:
    """What is taken for a word that is not known, and the mark on its rows; an outcome is never made up."""
    if name == "verb":
        sentence = _("The verb “{verb}” is not known; it was kept as “other”.")
        return Verb.OTHER.value, repaired(rows, unknown, "verb_unknown", sentence)
    if name == "kind":
        sentence = _("The kind “{kind}” is not known; “%s” was taken.") % rules.default_kind.value
        return rules.default_kind.value, repaired(rows, unknown, "kind_unknown", sentence)
    sentence = _("“{outcome}” is no outcome; outcomes are: %s.") % ", ".join(Outcome.values)
    return "", rejected(rows, unknown, "outcome_unknown", sentence)
