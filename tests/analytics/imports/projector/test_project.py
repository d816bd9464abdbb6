"""The projector: every statement once, whatever happens; voided ones withdraw; meanings reach back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.errors import LeaseLost
from analytics.imports.projector import project as projector
from analytics.imports.projector import sweeping
from analytics.imports.rollback import roll_back
from analytics.lrs.parcels import open_parcel
from analytics.lrs.store import Source, store
from analytics.models import (
    Activity,
    Credential,
    Enrolment,
    Event,
    Fate,
    Import,
    Learner,
    Organisation,
    Projection,
    StatementFate,
    VerbCount,
    VerbMeaning,
)
from analytics.xapi.json_text import dump_json
from tests.analytics.imports.projector.conftest import ADL, HOME, ana, run_projector, said, voiding
from tests.cast import Cast

Send = Callable[..., None]
ProjectAll = Callable[[], None]


def new_events(cast: Cast) -> list[Event]:
    """Of North, those that the cast did not bring."""
    found = Event.objects.filter(organisation=cast.north.organisation).exclude(from_import=cast.north.from_import)
    return list(found.select_related("learner", "activity", "from_import").order_by("id"))


def fates() -> dict[str, int]:
    """Fate -> statements, as counted on the way; the rows say the same."""
    counted = Counter[str]()
    for count in VerbCount.objects.filter(n_statements__gt=0):
        counted[count.fate] += count.n_statements
    assert counted == Counter(StatementFate.objects.values_list("fate", flat=True))
    return dict(counted)


def test_a_statement_becomes_an_event(cast: Cast, send: Send, project_all: ProjectAll, credential: Credential) -> None:
    send(said(result={"score": {"scaled": 0.75}}))
    project_all()
    (event,) = new_events(cast)
    assert (event.learner.external_id, event.verb, event.value, event.unit) == ("ana", "completed", 0.75, "share")
    assert event.occurred_at == datetime(2026, 5, 18, 9, 30, tzinfo=UTC)
    video = event.activity
    assert (video.external_id, video.kind, video.name) == (f"{HOME}/video/1", "video", "Video 1")
    assert video.course is not None
    assert (video.course.external_id, video.course.kind) == (f"{HOME}/course/1", "course")
    assert Enrolment.objects.filter(learner=event.learner, course=video.course).exists()
    source = event.from_import
    assert source.source_name.startswith("xAPI: Moodle")
    assert (source.n_read, source.n_accepted, source.adds_up) == (1, 1, True)
    assert StatementFate.objects.get().event_id == event.pk


def test_again_and_again_changes_nothing(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    statements = [said() for _ in range(5)]
    send(*statements)
    project_all()
    send(*statements)
    project_all()
    assert len(new_events(cast)) == 5


def test_alike_but_different_statements_are_different_events(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    send(said(), said(), said(result={"score": {"scaled": 1}}))
    project_all()
    assert sorted(StatementFate.objects.values_list("event_id", flat=True)) == [event.pk for event in new_events(cast)]


def test_what_makes_no_event_is_counted(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    group = {"objectType": "Group", "member": [ana()]}
    send(
        said("http://example.org/dreamt"),
        said(f"{ADL}terminated"),
        said(actor=group),
        said(object=ana() | {"objectType": "Agent"}),
    )
    project_all()
    assert new_events(cast) == []
    assert fates() == dict.fromkeys((Fate.UNMAPPED, Fate.IGNORED, Fate.NO_LEARNER, Fate.NO_ACTIVITY), 1)


def test_impossible_times_are_rejected_with_a_verdict(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    send(said(timestamp="9999-12-31T00:00:00Z"), said(timestamp="0001-01-01T00:00:00Z"), said())
    project_all()
    (event,) = new_events(cast)
    assert fates() == {Fate.REJECTED: 2, Fate.EVENT: 1}
    assert set(StatementFate.objects.filter(fate=Fate.REJECTED).values_list("code", flat=True)) == {"at_impossible"}
    assert (event.from_import.n_read, event.from_import.n_rejected, event.from_import.adds_up) == (3, 2, True)


@pytest.mark.parametrize("order", ["before", "together", "after"])
def test_voided_statements_withdraw_their_events(cast: Cast, send: Send, project_all: ProjectAll, order: str) -> None:
    kept, gone = said(), said()
    if order == "together":
        send(kept, gone, voiding(gone))
        project_all()
    for each in () if order == "together" else (gone, voiding(gone)) if order == "after" else (voiding(gone), gone):
        send(each)
        project_all()
    send(kept)
    project_all()
    assert len(new_events(cast)) == 1
    assert fates() == {Fate.VOIDED: 1, Fate.VOIDING: 1, Fate.EVENT: 1}
    assert list(StatementFate.objects.filter(fate=Fate.VOIDED).values_list("event_id", flat=True)) == [None]


def test_what_voids_cannot_be_voided(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    gone = said()
    first = voiding(gone)
    send(gone, first, voiding(first))
    project_all()
    assert new_events(cast) == []
    assert fates() == {Fate.VOIDED: 1, Fate.VOIDING: 2}


def test_a_meaning_reaches_back(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    dreamt = "http://example.org/dreamt"
    send(said(dreamt), said(dreamt), said())
    project_all()
    VerbMeaning.objects.create(organisation=cast.north.organisation, verb=dreamt, meaning="viewed")
    project_all()
    assert sorted(event.verb for event in new_events(cast)) == ["completed", "viewed", "viewed"]
    assert fates() == {Fate.EVENT: 3}
    assert VerbMeaning.objects.get().is_applied
    VerbMeaning.objects.update(meaning="", is_applied=False)
    project_all()
    assert [event.verb for event in new_events(cast)] == ["completed"]
    assert StatementFate.objects.filter(fate=Fate.IGNORED).count() == 2
    send(said(dreamt))
    project_all()
    assert len(new_events(cast)) == 1


def test_nothing_crosses_to_the_neighbour(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    neighbour = Credential.objects.issue(cast.south.organisation, "Moodle", ["all"])[0]
    south_events = Event.objects.filter(organisation=cast.south.organisation).count()
    one = said()
    send(one, by=neighbour)
    project_all()
    assert new_events(cast) == []
    send(voiding(one))
    project_all()
    run_projector(cast.south.organisation)
    assert Event.objects.filter(organisation=cast.south.organisation).count() == south_events + 1
    assert not Learner.objects.filter(organisation=cast.north.organisation, external_id="ana").exists()


def test_whoever_dies_in_a_batch_leaves_nothing_of_it(
    cast: Cast, send: Send, project_all: ProjectAll, monkeypatch: Any
) -> None:
    statements = [said() for _ in range(5)]
    send(*statements)
    monkeypatch.setattr("django.conf.settings.NEURALINK_PROJECTED_AT_ONCE", 2)
    whole, n_batches = projector.fates.keep, []

    def die(*args: Any) -> None:
        whole(*args)
        n_batches.append(1)
        if len(n_batches) == 2:
            raise LeaseLost("killed")

    monkeypatch.setattr(projector.fates, "keep", die)
    with pytest.raises(AssertionError):
        project_all()
    assert len(new_events(cast)) == 2
    project_all()
    assert len(new_events(cast)) == 5
    assert StatementFate.objects.filter(fate=Fate.EVENT).count() == 5


def test_one_statement_that_cannot_be_taken_holds_up_nobody(
    cast: Cast, send: Send, project_all: ProjectAll, monkeypatch: Any
) -> None:
    statements = [said() for _ in range(7)]
    send(*statements)
    whole = projector.meaning_of

    def break_down(document: dict[str, Any], meanings: Any) -> Any:
        if document["id"] == statements[3]["id"]:
            raise ZeroDivisionError
        return whole(document, meanings)

    monkeypatch.setattr(projector, "meaning_of", break_down)
    project_all()
    assert len(new_events(cast)) == 6
    assert fates() == {Fate.EVENT: 6, Fate.REJECTED: 1}
    assert StatementFate.objects.get(fate=Fate.REJECTED).code == projector.FAILED


def test_the_sweep_finds_what_nobody_was_woken_for(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    sweeping.request_missing()
    assert not Projection.objects.exists()
    send(said())
    Projection.objects.all().delete()
    sweeping.request_missing()
    assert Projection.objects.filter(organisation=cast.north.organisation).count() == 1
    project_all()
    sweeping.request_missing()
    assert not Projection.objects.unfinished().exists()
    VerbMeaning.objects.create(organisation=cast.north.organisation, verb="x", meaning="viewed")
    sweeping.request_missing()
    assert Projection.objects.unfinished().exists()


def test_a_day_can_be_rolled_back(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    send(said(), said())
    project_all()
    source = Import.objects.get(format="statements")
    assert roll_back(source) == 2
    assert new_events(cast) == []
    assert fates() == {Fate.REJECTED: 2}
    send(said())
    VerbMeaning.objects.create(organisation=cast.north.organisation, verb=f"{ADL}completed", meaning="passed")
    project_all()
    assert [event.verb for event in new_events(cast)] == ["passed"]


def test_activities_that_csv_brought_are_the_same(cast: Cast, send: Send, project_all: ProjectAll) -> None:
    there = Activity.objects.create(organisation=cast.north.organisation, external_id=f"{HOME}/video/1", name="Mine")
    send(said())
    project_all()
    assert new_events(cast)[0].activity_id == there.pk


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=600)


@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(WORDS, min_size=1, max_size=4), value=st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_comes_has_a_fate(
    cast: Cast, send: Send, project_all: ProjectAll, names: list[str], value: float
) -> None:
    before = StatementFate.objects.count()
    send(*[said(actor=ana(name), result={"score": {"raw": value}}) for name in names])
    project_all()
    assert StatementFate.objects.count() == before + len(names)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_does_the_work(monkeypatch: Any) -> None:
    """The second leaves it to the first, which looks again after it has let go."""
    organisation = Organisation.objects.create(slug="two", name="Two")
    credential = Credential.objects.issue(organisation, "tool", ["all"])[0]

    def send_one() -> None:
        parcel = open_parcel("application/json", dump_json([said()]).encode(), "2.0.0", credential.authority)
        store(parcel, Source(organisation.pk, credential.pk))

    send_one()
    n_seen: list[int] = []
    whole = projector.project_batch

    def meanwhile(*args: Any) -> None:
        whole(*args)
        if not n_seen:
            send_one()
            with ThreadPoolExecutor(1) as other:
                n_seen.append(other.submit(second).result())

    def second() -> int:
        try:
            run_projector(organisation)
            return StatementFate.objects.count()
        finally:
            connection.close()

    monkeypatch.setattr(projector, "project_batch", meanwhile)
    run_projector(organisation)
    assert n_seen == [1]
    assert StatementFate.objects.filter(fate=Fate.EVENT).count() == 2
