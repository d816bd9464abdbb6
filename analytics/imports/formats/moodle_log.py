"""Moodle's standard log, as its reports download it: columns whose names and times are in the site's language.

The description is English in every language: “The user with id '12' viewed the 'quiz' activity with course module
id '34'.” From it come learner, verb and activity; the columns before it are context, component and event name.
"""

from __future__ import annotations

import re
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Option, Target
from analytics.imports.formats.mapped import DATES, READING, Mapped
from analytics.imports.marks import Mark
from analytics.imports.tables.base import Parsed
from analytics.imports.vocabulary import kind_of
from analytics.models import Kind, Verb

SPEAKS = r"^The user with id '-?[0-9]+'"
LEARNER = r"^The user with id '(?P<found>[1-9][0-9]*)'"
DONE = r"^The user with id '-?[0-9]+' (?:has |had |was )?(?P<found>[a-z]+)"
MODULE = r"course module id '(?P<found>[0-9]+)'"
MODULE_KIND = r"the '(?P<found>[a-z]+)' activity"
COURSE = r"course with id '(?P<found>[0-9]+)'"
CONTEXT_NAME = r"^[^:]*: *(?P<found>.*)$"
VERBS = {
    "viewed": Verb.VIEWED,
    "started": Verb.STARTED,
    "attempted": Verb.STARTED,
    "submitted": Verb.SUBMITTED,
    "uploaded": Verb.SUBMITTED,
    "answered": Verb.ANSWERED,
    "completed": Verb.COMPLETED,
    "posted": Verb.POSTED,
}
FORUM_VERBS = {"created": Verb.POSTED, "uploaded": Verb.POSTED}
BEFORE = 4
"""Columns between time and names on one side and the description on the other: context, component, event name."""


class MoodleLog(Mapped):
    label = gettext_noop("Moodle log")
    implies_enrolment = True
    target = Target.EVENTS
    required = ()
    instants = ("at",)
    options = (
        *READING,
        *DATES,
        Option("course", gettext_noop("id of the course that the log is of, where it is of one")),
    )

    @cached_property
    def mapping(self) -> dict[str, int]:
        """Places of the columns: that of the description is told by what it says, the others by their order."""
        first = next(self.table.parsed({}, 1000), None)
        place = _description(first.table) if first else None
        if place is not None:
            names = ("context", "component", "event", "description")
            return {"at": 0, "learner_name": 1} | {name: place - 3 + n for n, name in enumerate(names)}
        raise InvalidInput(
            _("%(file)s is no Moodle log: no column says “The user with id '...' ...”. Download the log as CSV again.")
            % {"file": self.path.name},
            "file",
        )

    def arranged(self, parsed: Parsed) -> tuple[pa.Table, list[Mark]]:
        columns = {name: parsed.table.column(place).combine_chunks() for name, place in self.mapping.items()}
        told, context = pc.fill_null(columns["description"], ""), pc.fill_null(columns["context"], "")
        module, course = _found(told, MODULE), _found(told, COURSE)
        is_module, is_course = pc.is_valid(module), pc.and_(pc.is_valid(course), pc.is_null(module))
        named_course = pc.if_else(pc.is_valid(course), _joined("course-", course), self.given.get("course"))
        elsewhere = pc.if_else(pc.is_in(context, pa.array(["", "System"])), None, context)
        kind = pc.if_else(is_course, Kind.COURSE.value, _each(_found(told, MODULE_KIND), _kind))
        name = pc.if_else(pc.or_(is_module, is_course), pc.coalesce(_found(context, CONTEXT_NAME), context), None)
        activity = pc.coalesce(_joined("cm-", module), pc.if_else(is_course, named_course, None), elsewhere)
        return pa.table(
            {
                "learner": _found(told, LEARNER),
                "learner_name": columns["learner_name"],
                "activity": activity,
                "kind": kind,
                "name": name,
                "course": pc.if_else(pc.equal(activity, named_course), None, named_course),
                "verb": _verbs(_found(told, DONE), columns["component"]),
                "at": columns["at"],
            }
        ), []

    @classmethod
    def fitness(cls, rows: pa.Table) -> float:
        return 0.9 if _description(rows) is not None else 0.0


def _description(rows: pa.Table) -> int | None:
    """The place of the column that says what whoever did."""
    spoken = (pc.any(pc.match_substring_regex(column, SPEAKS)).as_py() for column in rows.columns)
    return next((place for place, speaks in enumerate(spoken) if speaks and place >= BEFORE), None)


def _found(texts: pa.Array, pattern: str) -> pa.Array:
    """(n,) the part of each text that the pattern names, null where it does not fit."""
    coded = texts.dictionary_encode()
    compiled = re.compile(pattern)
    found = [match["found"] if (match := compiled.search(text)) else None for text in coded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(coded.indices)


def _joined(prefix: str, texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, texts, "")


def _each(words: pa.Array, change: object) -> pa.Array:
    coded = words.dictionary_encode()
    changed = [change(word) for word in coded.dictionary.to_pylist()]  # type: ignore[operator]
    return pa.array(changed, pa.string()).take(coded.indices)


def _kind(word: str) -> str:
    return (kind_of(word) or Kind.OTHER).value


def _verbs(words: pa.Array, components: pa.Array) -> pa.Array:
    """(n,) verbs: what is created in a forum is posted; of words without a verb here only that something was done."""
    plain = _each(words, lambda word: VERBS.get(word, Verb.OTHER).value)
    in_forum = _each(words, lambda word: (FORUM_VERBS | VERBS).get(word, Verb.OTHER).value)
    is_forum = pc.match_substring_regex(pc.fill_null(components, ""), "(?i)foro|forum|fòrum|fórum")
    return pc.fill_null(pc.if_else(is_forum, in_forum, plain), Verb.OTHER.value)
