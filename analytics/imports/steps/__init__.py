"""The steps of cleaning, in the order in which they are done: one line per step here."""

from __future__ import annotations

from django.utils.translation import gettext_noop as noop

from analytics.imports.steps import numbers, texts, times, words
from analytics.imports.steps.base import Step

STEPS: dict[str, Step] = {
    "encodings": Step(
        1,
        noop("Repair encodings"),
        noop("UTF-8 that a program took for Western text is put right: “MÃ¼ller” is Müller."),
        texts.encodings,
        noop("texts are kept as they are written"),
    ),
    "trim": Step(
        1,
        noop("Trim and normalise texts"),
        noop("White space around texts is cut, accents are composed (Unicode NFC), “NULL” or “n/a” is nothing."),
        texts.trim,
        noop("texts are kept as they are written"),
        texts.empty_as_missing,
    ),
    "fill": Step(
        2,
        noop("Fill missing values"),
        noop("What a row does not name becomes what the import states for it: verb, time, course, value, unit, kind."),
        words.fill,
        noop("nothing is filled in"),
    ),
    "incomplete": Step(
        1,
        noop("Leave out rows without learner or activity"),
        noop("Rows that do not say of whom or of what they tell are rejected."),
        texts.incomplete,
        noop("the import stops at the first such row"),
        texts.incomplete_stops,
    ),
    "storable": Step(
        1,
        noop("Keep what can be kept"),
        noop("Rows with overlong ids or NUL characters are rejected; overlong names are cut."),
        texts.storable,
        noop("the import stops at the first such row"),
        texts.storable_stops,
    ),
    "synonyms": Step(
        1,
        noop("Map synonyms"),
        noop("Words for verbs, kinds and outcomes become those that are known here: “watched” is progressed."),
        words.synonyms,
        noop("only the words that are known here are taken"),
        words.exact_words,
    ),
    "times": Step(
        1,
        noop("Parse dates"),
        noop("Dates as people write them become instants, in the import's zone where they name none."),
        times.times,
        noop("only ISO 8601 with a zone is read; other rows are rejected"),
        times.strict_times,
    ),
    "numbers": Step(
        2,
        noop("Read numbers"),
        noop("Decimal commas, percent signs, marks as 17/20 and times as 1:30:00 or PT1H30M are understood."),
        numbers.numbers,
        noop("only numbers with a decimal point are read; other rows are rejected"),
        numbers.strict_numbers,
    ),
    "standardise": Step(
        2,
        noop("Standardise values"),
        noop("Values come into one unit per measure: minutes become seconds, percentages and marks become shares."),
        numbers.standardise,
        noop("rows with other units than seconds, clicks, share, stars and points are rejected"),
        numbers.strict_units,
    ),
    "bounds": Step(
        1,
        noop("Bound impossible values"),
        noop("Shares beyond 0 to 1, negative times and negative clicks are rejected."),
        numbers.bounds,
        noop("impossible values are kept"),
    ),
    "match_learners": Step(
        2,
        noop("Match learners"),
        noop("Learners are found by any address that is known of them, and by numbers that a program wrote as 17.0."),
        None,
        noop("learners are found by the exact spelling of their id only"),
    ),
    "merge_duplicates": Step(
        1,
        noop("Merge duplicates"),
        noop("Rows whose id has come before, in this file or another, are taken once."),
        None,
        noop("ids of rows are not looked at, so the same row may come in again"),
    ),
}
