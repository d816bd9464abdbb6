"""The words that sources use for verbs, kinds and units, and what they are here."""

from __future__ import annotations

from analytics.models import Kind, Outcome, Unit, Verb

MISSING = frozenset({"", "?", "null", "none", "nan", "n/a", "\\n"})
"""What exporters write for nothing, in lower case."""

VERBS: dict[str, Verb] = {
    **{verb.value: verb for verb in Verb},
    **dict.fromkeys(("view", "visited", "visit", "opened", "open", "accessed", "read", "clicked"), Verb.VIEWED),
    **dict.fromkeys(("experienced", "launched", "loaded", "seeked"), Verb.VIEWED),
    **dict.fromkeys(("start", "began", "begin", "initialized", "attempted", "attempt", "played", "play"), Verb.STARTED),
    **dict.fromkeys(("progress", "paused", "watched", "interacted", "resumed", "suspended"), Verb.PROGRESSED),
    **dict.fromkeys(("complete", "finished", "finish", "done", "mastered", "terminated"), Verb.COMPLETED),
    **dict.fromkeys(("pass", "succeeded"), Verb.PASSED),
    **dict.fromkeys(("fail",), Verb.FAILED),
    **dict.fromkeys(("answer", "responded"), Verb.ANSWERED),
    **dict.fromkeys(("submit", "handed_in", "turned_in", "uploaded", "scored", "graded"), Verb.SUBMITTED),
    **dict.fromkeys(("post", "commented", "comment", "replied", "asked", "discussed", "shared"), Verb.POSTED),
    **dict.fromkeys(("rate", "liked", "reviewed"), Verb.RATED),
    **dict.fromkeys(("enroll", "enrol", "enrolled", "registered", "register", "joined"), Verb.ENROLLED),
}

KINDS: dict[str, Kind] = {
    **{kind.value: kind for kind in Kind},
    **dict.fromkeys(("class", "program"), Kind.COURSE),
    **dict.fromkeys(("unit", "chapter", "section", "lesson", "topic", "folder", "subpage"), Kind.MODULE),
    **dict.fromkeys(("movie", "lecture", "recording"), Kind.VIDEO),
    **dict.fromkeys(("page", "url", "link", "book", "document", "text", "file", "article", "resource"), Kind.READING),
    **dict.fromkeys(("oucontent", "content", "glossary", "ouwiki", "wiki", "dataplus", "htmlactivity"), Kind.READING),
    **dict.fromkeys(("test", "exam", "question", "assessment", "questionnaire", "externalquiz"), Kind.QUIZ),
    **dict.fromkeys(("homework", "task", "project", "essay", "lab"), Kind.ASSIGNMENT),
    **dict.fromkeys(("forumng", "discussion", "chat", "oucollaborate", "ouelluminate"), Kind.FORUM),
}

OUTCOMES: dict[str, Outcome] = {
    **{outcome.value: outcome for outcome in Outcome},
    **dict.fromkeys(("enrolled", "enroled", "in_progress", "current", "open", "registered"), Outcome.ACTIVE),
    **dict.fromkeys(("pass", "passed", "complete", "finished", "graduated", "certified"), Outcome.COMPLETED),
    **dict.fromkeys(("with_distinction", "honours", "honors"), Outcome.DISTINCTION),
    **dict.fromkeys(("fail", "not_passed", "incomplete", "unsuccessful"), Outcome.FAILED),
    **dict.fromkeys(("withdrew", "dropped", "drop", "unenrolled", "dropout", "cancelled", "left"), Outcome.WITHDRAWN),
}

UNITS: dict[str, tuple[Unit, float]] = {
    **{unit.value: (unit, 1.0) for unit in Unit},
    **dict.fromkeys(("s", "sec", "secs", "second"), (Unit.SECONDS, 1.0)),
    **dict.fromkeys(("ms", "milliseconds"), (Unit.SECONDS, 0.001)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), (Unit.SECONDS, 60.0)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), (Unit.SECONDS, 3600.0)),
    **dict.fromkeys(("click", "views", "hits"), (Unit.CLICKS, 1.0)),
    **dict.fromkeys(("%", "percent", "percentage", "pct"), (Unit.SHARE, 0.01)),
    **dict.fromkeys(("fraction", "ratio"), (Unit.SHARE, 1.0)),
    **dict.fromkeys(("star",), (Unit.STARS, 1.0)),
    **dict.fromkeys(("point", "marks", "mark"), (Unit.POINTS, 1.0)),
}
"""Word -> (unit, what one of it is in that unit)."""


def verb_of(word: str) -> Verb | None:
    """The verb behind a word or the last part of an xAPI verb's IRI."""
    return VERBS.get(_plain(word.rstrip("/").rpartition("/")[2]))


def outcome_of(word: str) -> Outcome | None:
    return OUTCOMES.get(_plain(word))


def kind_of(word: str) -> Kind | None:
    return KINDS.get(_plain(word.rstrip("/").rpartition("/")[2]))


def unit_of(word: str) -> tuple[Unit, float] | None:
    return UNITS.get(_plain(word))


def _plain(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")
