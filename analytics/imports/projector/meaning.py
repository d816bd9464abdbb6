"""What one stored statement says, in the words of events. Values in, values out: no database."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analytics.imports.projector.vocabulary import KINDS, PAUSED, UNIT_EXTENSION, VALUE_EXTENSION, VIDEO, verb_of
from analytics.imports.vocabulary import kind_of
from analytics.models import Fate, Kind, Unit, Verb
from analytics.xapi.mentions import activity_key
from analytics.xapi.statements import VOIDED

Json = dict[str, Any]
DURATION = re.compile(
    r"P(?:(?P<weeks>[\d.,]+)W)?(?:(?P<years>[\d.,]+)Y)?(?:(?P<months>[\d.,]+)M)?(?:(?P<days>[\d.,]+)D)?"
    r"(?:T(?:(?P<hours>[\d.,]+)H)?(?:(?P<minutes>[\d.,]+)M)?(?:(?P<seconds>[\d.,]+)S)?)?"
)
UNIT_SECONDS = {
    "weeks": 604_800, "years": 31_557_600, "months": 2_629_800, "days": 86_400, "hours": 3600, "minutes": 60,
    "seconds": 1,
}  # fmt: skip
SEGMENTS = "https://w3id.org/xapi/video/extensions/played-segments"
RESULTS = frozenset({Verb.ANSWERED, Verb.SUBMITTED, Verb.PASSED, Verb.FAILED, Verb.COMPLETED, Verb.PROGRESSED})
ABOVE = ("parent", "grouping", "category")
MOST_BYTES = 1000
MOST_VALUE = 1e12
"""Two of 1e308 add up to more than a database can hold."""
MOST_SECONDS = 86_400.0
"""A duration beyond a day says that a window was left open, not that somebody learnt."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What becomes of a statement."""

    fate: Fate
    activity_type: str = ""
    row: dict[str, str | None] | None = None
    """An event, as `imports.clean` takes it, but for `learner`: who that is the store of identities says."""
    actor: Json | None = None
    voids: UUID | None = None


def meaning_of(statement: Json, meanings: dict[tuple[str, str], str]) -> Meaning:
    """`meanings`: (verb, activity type or "") -> verb of events or "", as the organisation's administrators said."""
    about, actor, verb = statement["object"], statement["actor"], bounded(statement["verb"]["id"])
    if verb == VOIDED:
        return Meaning(Fate.VOIDING, voids=UUID(about["id"]))
    if about.get("objectType", "Activity") != "Activity":
        return Meaning(Fate.NO_ACTIVITY)
    activity_type = bounded(about.get("definition", {}).get("type", ""))
    if actor.get("objectType") == "Group":
        return Meaning(Fate.NO_LEARNER, activity_type)
    try:
        meant = verb_of(verb, activity_type, meanings)
    except KeyError:
        return Meaning(Fate.UNMAPPED, activity_type)
    if meant is None:
        return Meaning(Fate.IGNORED, activity_type)
    return Meaning(Fate.EVENT, activity_type, _row(statement, verb, meant), actor)


def bounded(iri: str) -> str:
    """The IRI, or a digest of one that no index would take (2,704 bytes for all columns together)."""
    return iri if len(iri.encode()) <= MOST_BYTES else f"sha256:{hashlib.sha256(iri.encode()).hexdigest()}"


def _row(statement: Json, verb: str, meant: Verb) -> dict[str, str | None]:
    about = statement["object"]
    kind = _kind(about.get("definition", {}), verb)
    above = None if kind == Kind.COURSE else _course(statement, about["id"])
    value, unit = value_of(statement, meant)
    if value is not None and abs(value) > MOST_VALUE:
        value, unit = None, Unit.NONE
    return {
        "id": statement["id"],
        "activity": activity_key(about["id"]),
        "name": _name(about),
        "kind": kind.value,
        "course": None if above is None else activity_key(above["id"]),
        "verb": meant.value,
        "at": statement["timestamp"],
        "value": None if value is None else repr(value),
        "unit": unit.value,
        "learner_name": statement["actor"].get("name"),
    }


def _kind(definition: Json, verb: str = "") -> Kind:
    given = definition.get("type", "")
    if "interactionType" in definition:
        return Kind.QUIZ
    return KINDS.get(given) or kind_of(given) or (Kind.VIDEO if verb.startswith(VIDEO) else Kind.OTHER)


def _course(statement: Json, activity: str) -> Json | None:
    """The nearest activity above that is a course."""
    context = statement.get("context", {}).get("contextActivities", {})
    for name in ABOVE:
        listed = context.get(name, [])
        for one in listed if isinstance(listed, list) else [listed]:
            if one["id"] != activity and _kind(one.get("definition", {})) == Kind.COURSE:
                return dict(one)
    return None


def _name(about: Json) -> str | None:
    """In English where there is English: data of one course should not change its language with each sender."""
    names = about.get("definition", {}).get("name", {})
    for tag, words in names.items():
        if tag.lower().split("-")[0] == "en" and words.strip():
            return str(words)
    return next((str(words) for words in names.values() if words.strip()), None)


def value_of(statement: Json, meant: Verb) -> tuple[float | None, Unit]:
    """The mark as a share where there is one, else points, else the time spent."""
    result = statement.get("result", {})
    exported = result.get("extensions", {})
    if isinstance(exported.get(VALUE_EXTENSION), int | float) and exported.get(UNIT_EXTENSION) in Unit.values:
        return float(exported[VALUE_EXTENSION]), Unit(exported[UNIT_EXTENSION])
    if meant == Verb.RATED:
        return _mark(result.get("score", {}))
    if meant in RESULTS:
        value, unit = _mark(result.get("score", {}))
        if value is not None:
            return value, unit
        if meant == Verb.ANSWERED and "success" in result:
            return float(result["success"]), Unit.SHARE
    seconds = _watched(statement) if "duration" not in result else seconds_of(result["duration"])
    return (seconds, Unit.SECONDS) if seconds is not None and 0 < seconds <= MOST_SECONDS else (None, Unit.NONE)


def _mark(score: Json) -> tuple[float | None, Unit]:
    """Below nothing is nothing: `scaled` may reach down to -1 (1.0.3 Data 2.4.5.1)."""
    if "scaled" in score:
        return max(float(score["scaled"]), 0.0), Unit.SHARE
    if "raw" not in score:
        return None, Unit.NONE
    least, most = float(score.get("min", 0)), score.get("max")
    if most is None or most <= least:
        return float(score["raw"]), Unit.POINTS
    return min(max((score["raw"] - least) / (most - least), 0.0), 1.0), Unit.SHARE


def seconds_of(duration: str) -> float | None:
    """ISO 8601; a month is a twelfth of a year."""
    found = DURATION.fullmatch(duration)
    if found is None:
        return None
    parts = {name: number for name, number in found.groupdict().items() if number}
    return sum(float(number.replace(",", ".")) * UNIT_SECONDS[name] for name, number in parts.items())


def _watched(statement: Json) -> float | None:
    """Seconds since the learner last pressed play.

    Of the video profile's `paused`: its last segment. The others repeat segments that earlier statements of the same
    session told already.
    """
    segments = statement.get("result", {}).get("extensions", {}).get(SEGMENTS)
    if statement["verb"]["id"] != PAUSED or not isinstance(segments, str):
        return None
    begin, _between, end = segments.rsplit("[,]", 1)[-1].partition("[.]")
    try:
        return round(float(end) - float(begin), 3)
    except ValueError:
        return None
