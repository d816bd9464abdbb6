"""What statements of the common profiles say, in the words of events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.imports.projector.meaning import bounded, meaning_of, seconds_of, value_of
from analytics.imports.projector.vocabulary import ADL, CMI5, KINDS, TYPED_VERBS, VERBS, VIDEO, VIDEO_TYPE
from analytics.models import Fate, Kind, Unit, Verb
from analytics.xapi.scalars import last_word

ANA = {"account": {"homePage": "https://lms.example.org", "name": "ana"}, "name": "Ana"}
COURSE = {"id": "https://lms.example.org/c/1", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}


def statement(verb: str, activity_type: str = "", **parts: Any) -> dict[str, Any]:
    definition = {"name": {"fr": "Essai", "en-US": "Test"}} | ({"type": activity_type} if activity_type else {})
    return {
        "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
        "timestamp": "2026-05-18T09:30:00Z",
        "actor": ANA,
        "verb": {"id": verb},
        "object": {"id": "https://lms.example.org/a/1", "definition": definition},
    } | parts


def test_a_whole_row() -> None:
    found = meaning_of(
        statement(
            f"{ADL}answered",
            "http://adlnet.gov/expapi/activities/cmi.interaction",
            context={"contextActivities": {"grouping": [COURSE]}},
            result={"score": {"scaled": 0.5}},
        ),
        {},
    )
    assert found.fate == Fate.EVENT
    assert found.actor == ANA
    assert found.row == {
        "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
        "activity": "https://lms.example.org/a/1",
        "name": "Test",
        "kind": "quiz",
        "course": "https://lms.example.org/c/1",
        "verb": "answered",
        "at": "2026-05-18T09:30:00Z",
        "value": "0.5",
        "unit": "share",
        "learner_name": "Ana",
    }


@pytest.mark.parametrize(
    ("verb", "activity_type", "meant", "kind"),
    [
        (f"{ADL}experienced", f"{ADL.replace('verbs', 'activities')}lesson", Verb.VIEWED, Kind.MODULE),  # ADL
        (f"{VIDEO}played", VIDEO_TYPE, Verb.STARTED, Kind.VIDEO),  # video
        (f"{VIDEO}seeked", "", Verb.PROGRESSED, Kind.VIDEO),
        (f"{CMI5}satisfied", "https://w3id.org/xapi/cmi5/activitytype/block", Verb.COMPLETED, Kind.MODULE),  # cmi5
        ("http://id.tincanapi.com/verb/viewed", "http://id.tincanapi.com/activitytype/lms/course",
         Verb.VIEWED, Kind.COURSE),  # Moodle
        ("http://activitystrea.ms/schema/1.0/submit", "http://id.tincanapi.com/activitytype/school-assignment",
         Verb.SUBMITTED, Kind.ASSIGNMENT),  # Moodle
        ("https://w3id.org/xapi/acrossx/verbs/evaluated", "http://adlnet.gov/expapi/activities/cmi.interaction",
         Verb.ANSWERED, Kind.QUIZ),  # Open edX
        ("https://w3id.org/xapi/acrossx/verbs/evaluated", "http://adlnet.gov/expapi/activities/course",
         Verb.PROGRESSED, Kind.COURSE),
        (f"{ADL}interacted", "http://h5p.org/libraries/H5P.InteractiveVideo-1.22", Verb.PROGRESSED, Kind.OTHER),  # H5P
    ],
)  # fmt: skip
def test_profiles(verb: str, activity_type: str, meant: Verb, kind: Kind) -> None:
    row = meaning_of(statement(verb, activity_type), {}).row
    assert row is not None
    assert (row["verb"], row["kind"]) == (meant, kind)


def test_what_makes_no_event() -> None:
    group = {"objectType": "Group", "member": [ANA]}
    ref = {"objectType": "StatementRef", "id": "7ccd3322-e1a5-411a-a67d-6a735c76f120"}
    assert meaning_of(statement(f"{ADL}terminated"), {}).fate == Fate.IGNORED
    assert meaning_of(statement("http://example.org/dreamt"), {}).fate == Fate.UNMAPPED
    assert meaning_of(statement(f"{ADL}passed", actor=group), {}).fate == Fate.NO_LEARNER
    assert meaning_of(statement(f"{ADL}passed", object=ref), {}).fate == Fate.NO_ACTIVITY
    voiding = meaning_of(statement(f"{ADL}voided", object=ref), {})
    assert (voiding.fate, str(voiding.voids)) == (Fate.VOIDING, ref["id"])


def test_meanings_of_the_organisation_come_first() -> None:
    dreamt, kind = "http://example.org/dreamt", "http://example.org/types/nap"
    meanings = {(dreamt, ""): "viewed", (dreamt, kind): "", (f"{ADL}passed", ""): "other"}
    assert meaning_of(statement(dreamt), meanings).row["verb"] == "viewed"  # type: ignore[index]
    assert meaning_of(statement(dreamt, kind), meanings).fate == Fate.IGNORED
    assert meaning_of(statement(f"{ADL}passed"), meanings).row["verb"] == "other"  # type: ignore[index]


@pytest.mark.parametrize(
    ("result", "meant", "found"),
    [
        ({}, Verb.ANSWERED, (None, Unit.NONE)),
        ({"score": {"scaled": -0.5}}, Verb.ANSWERED, (0.0, Unit.SHARE)),
        ({"score": {"raw": 7, "min": 5, "max": 10}}, Verb.PASSED, (0.4, Unit.SHARE)),
        ({"score": {"raw": 7, "max": 0}}, Verb.PASSED, (7.0, Unit.POINTS)),
        ({"score": {"raw": 7}}, Verb.SUBMITTED, (7.0, Unit.POINTS)),
        ({"success": True}, Verb.ANSWERED, (1.0, Unit.SHARE)),
        ({"success": True, "duration": "PT1M"}, Verb.COMPLETED, (60.0, Unit.SECONDS)),
        ({"score": {"scaled": 1}, "duration": "PT1M"}, Verb.COMPLETED, (1.0, Unit.SHARE)),
        ({"duration": "P2D"}, Verb.VIEWED, (None, Unit.NONE)),
        ({"duration": "PT0S"}, Verb.VIEWED, (None, Unit.NONE)),
    ],
)
def test_values(result: dict[str, Any], meant: Verb, found: tuple[float | None, Unit]) -> None:
    value, unit = value_of(statement(f"{ADL}x", result=result), meant)
    assert (value if value is None else pytest.approx(value), unit) == found


@pytest.mark.parametrize(
    ("segments", "seconds"),
    [("0[.]42.6[,]43.1[.]124.7", 81.6), ("0[.]5", 5.0), ("5[.]2", None), ("", None), ("0[.]x", None)],
)
def test_pausing_tells_what_was_watched(segments: str, seconds: float | None) -> None:
    result = {"extensions": {"https://w3id.org/xapi/video/extensions/played-segments": segments}}
    assert value_of(statement(f"{VIDEO}paused", result=result), Verb.PROGRESSED)[0] == seconds
    assert value_of(statement(f"{VIDEO}seeked", result=result), Verb.PROGRESSED)[0] is None


@pytest.mark.parametrize(
    ("duration", "seconds"), [("PT4H35M59.14S", 16_559.14), ("P1W", 604_800), ("P1DT1S", 86_401), ("PT1,5S", 1.5)]
)
def test_durations(duration: str, seconds: float) -> None:
    assert seconds_of(duration) == pytest.approx(seconds)


def test_values_that_would_overflow_any_sum() -> None:
    row = meaning_of(statement(f"{ADL}passed", result={"score": {"raw": 1e300}}), {}).row
    assert row is not None
    assert (row["value"], row["unit"]) == (None, "")


def test_the_course_above() -> None:
    def row(context: dict[str, Any], **parts: Any) -> Any:
        return meaning_of(statement(f"{ADL}passed", context={"contextActivities": context}, **parts), {}).row

    other = {"id": "https://lms.example.org/site"}
    assert row({"grouping": [other, COURSE]})["course"] == COURSE["id"]
    assert row({"parent": COURSE})["course"] == COURSE["id"]  # 1.0.3 allows one that is no array
    assert row({"other": [COURSE]})["course"] is None
    assert row({"grouping": [COURSE]}, object=COURSE)["course"] is None


def test_the_table_is_sound() -> None:
    assert {verb for verb, _type in TYPED_VERBS} <= VERBS.keys()
    assert all(iri.startswith(("http", "urn:")) for iri in [*VERBS, *KINDS])


@given(st.text(max_size=3000))
def test_iris_are_bounded(iri: str) -> None:
    assert len(bounded(iri).encode()) <= 1000
    assert isinstance(last_word(iri), str)


@pytest.mark.parametrize(
    ("iri", "word"),
    [("http://example.org/verbs/done", "done"), ("http://example.org/done/", "done"), ("urn:x:handed_in", "handed_in"),
     ("https://example.org/v#done", "done"), ("", ""), ("//", "//")],
)  # fmt: skip
def test_last_words(iri: str, word: str) -> None:
    assert last_word(iri) == word
