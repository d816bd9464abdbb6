"""Whose identity it is, and two learners who turn out to be one person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from analytics.errors import InvalidInput
from analytics.imports.projector.merging import merge
from analytics.imports.projector.people import learners_of
from analytics.models import DirtyDay, Enrolment, Event, Learner, LearnerIdentity
from analytics.xapi.agents import identity_key
from tests.analytics.imports.projector.conftest import ana, said
from tests.cast import Cast

MAIL = "mailto:ana@example.org"
SHA1 = hashlib.sha1(MAIL.encode(), usedforsecurity=False).hexdigest()


def found(cast: Cast, *actors: dict) -> list[str]:
    by_key = {str(identity_key(actor)): actor for actor in actors}
    learners = learners_of(cast.north.organisation.pk, by_key)
    return [learners[key] for key in by_key]


@pytest.mark.parametrize("is_hashed_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_an_address_and_its_hash_are_one(cast: Cast, is_hashed_first: bool, together: bool) -> None:
    actors = [{"mbox": MAIL}, {"mbox_sha1sum": SHA1}]
    if is_hashed_first:
        actors.reverse()
    names = found(cast, *actors) if together else [*found(cast, actors[0]), *found(cast, actors[1])]
    assert len(set(names)) == 1
    assert LearnerIdentity.objects.count() == 2
    assert LearnerIdentity.objects.values("learner").distinct().count() == 1


def test_learners_of_files_are_found_by_their_ids(cast: Cast) -> None:
    there = cast.north.learners[0]
    assert found(cast, ana(there.external_id)) == [there.external_id]
    assert LearnerIdentity.objects.get().learner_id == there.pk
    mail = Learner.objects.create(organisation=cast.north.organisation, external_id="ana@example.org")
    assert found(cast, {"mbox": MAIL}) == [mail.external_id]


def test_the_same_account_name_elsewhere_is_somebody_else(cast: Cast) -> None:
    assert found(cast, ana("7"), ana("7", "https://other.example.org")) == ["7", "7@https://other.example.org"]
    assert found(cast, ana("7", "https://third.example.org")) == ["7@https://third.example.org"]
    assert found(cast, ana("7")) == ["7"]


@pytest.mark.parametrize("name", ["null", " None ", "?"])
def test_names_that_cleaning_takes_for_nothing(cast: Cast, name: str) -> None:
    (external_id,) = found(cast, ana(name))
    assert external_id.endswith("@https://lms.example.org")


def test_everything_of_the_one_becomes_the_others(cast: Cast, send: Callable, project_all: Callable) -> None:
    first, second = cast.north.learners[:2]
    send(said(actor=ana(second.external_id)))
    project_all()
    n_events = Event.objects.filter(learner__in=[first, second]).count()
    courses = set(Enrolment.objects.filter(learner__in=[first, second]).values_list("course", flat=True))
    DirtyDay.objects.all().delete()
    merge(first, second)
    assert not Learner.objects.filter(pk=second.pk).exists()
    assert Event.objects.filter(learner=first).count() == n_events
    assert set(Enrolment.objects.filter(learner=first).values_list("course", flat=True)) == courses
    assert LearnerIdentity.objects.get().learner_id == first.pk
    assert DirtyDay.objects.exists()
    send(said(actor=ana(second.external_id)))
    project_all()
    assert Event.objects.filter(learner=first).count() == n_events + 1


def test_who_cannot_be_merged(cast: Cast) -> None:
    learner = cast.north.learners[0]
    for other in (learner, cast.south.learners[1]):
        with pytest.raises(InvalidInput):
            merge(learner, other)
