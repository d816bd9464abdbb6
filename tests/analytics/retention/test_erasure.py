"""One learner is erased everywhere, and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.errors import InvalidInput
from analytics.models import (
    Document,
    Enrolment,
    Erasure,
    Event,
    JobState,
    Learner,
    LearnerDay,
    LearnerIdentity,
    OrganisationDay,
    RowVerdict,
    Statement,
)
from analytics.retention.erasure import request_erasure
from analytics.tasks import erase
from recommender.models import Impression, Intervention, Mail
from tests.cast import Cast

KEY = "mbox:mailto:amara@example.org"


def statement(cast: Cast, **fields: object) -> Statement:
    defaults = {"actor": "mbox:mailto:other@example.org", "agents": [], "other_agents": [], "activities": []}
    return Statement.objects.create(
        organisation=cast.north.organisation, uuid=uuid.uuid4(), verb="v", stored_at=timezone.now(), document="{}",
        occurred_at=timezone.now(),
        other_activities=[], **(defaults | fields),
    )  # fmt: skip


def test_everything_of_one_learner_goes(cast: Cast) -> None:
    house, learner = cast.north, cast.north.learners[0]
    organisation, namesake = house.organisation, cast.south.learners[0]
    n_own = len(house.events_of(learner))
    counted = sum(OrganisationDay.objects.filter(organisation=organisation).values_list("n_events", flat=True))
    LearnerIdentity.objects.create(organisation=organisation, learner=learner, key=KEY, agent={})
    statement(cast, actor=KEY)
    statement(cast, agents=[KEY])
    other = statement(cast)
    Document.objects.create(
        organisation=organisation, kind="state", about="a", agent=KEY, document_id="d", content=b"x",
        content_type="text/plain", etag="e", updated_at=timezone.now(),
    )  # fmt: skip
    assert house.from_import is not None
    for content in ({"learner": learner.external_id}, {"learner": "somebody else"}):
        RowVerdict.objects.create(
            organisation=organisation, from_import=house.from_import, row_number=1, verdict="rejected", code="x",
            content=content,
        )  # fmt: skip
    mail = Mail.objects.create(organisation=organisation, address="amara@example.org", subject="s", body="Amara")
    enrolment = Enrolment.objects.filter(learner=learner).first()
    Intervention.objects.create(
        organisation=organisation, enrolment=enrolment, kind="message", mail=mail, on=timezone.now().date()
    )
    Impression.objects.create(organisation=organisation, learner=learner, source="x", channel="page", activity_ids=[])
    login = house.members["learner"].login
    job = request_erasure(house.members["administrator"], learner.external_id)
    erase(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.error
    assert job.learner is None
    assert job.counts == {"events": n_own, "statements": 3, "verdicts": 1, "logins": 1, "mails": 1}
    assert not Learner.objects.filter(pk=learner.pk).exists()
    assert not Event.objects.filter(learner=learner.pk).exists()
    assert not LearnerDay.objects.filter(learner=learner.pk).exists()
    assert not User.objects.filter(pk=login.pk).exists()
    assert not Mail.objects.exists()
    assert not Impression.objects.exists()
    assert list(Statement.objects.all()) == [other]
    assert RowVerdict.objects.count() == 1
    days = OrganisationDay.objects.filter(organisation=organisation).values_list("n_events", flat=True)
    assert sum(days) == counted - n_own
    # The neighbour's learner of the same id and name is another person.
    assert Event.objects.filter(learner=namesake).exists()
    assert Learner.objects.filter(organisation=organisation).count() == len(house.learners) - 1


def test_it_can_be_done_again_after_a_crash(cast: Cast) -> None:
    job = request_erasure(cast.north.members["administrator"], cast.north.learners[1].external_id)
    Event.objects.filter(learner=cast.north.learners[1]).delete()  # as far as an attempt before came
    erase(job.pk)
    job.refresh_from_db()
    assert (job.state, job.counts["events"]) == (JobState.SUCCEEDED, 0)
    erase(job.pk)  # a message that comes twice finds nothing to do


def test_a_login_with_another_membership_stays(cast: Cast) -> None:
    member = cast.north.members["learner"]
    cast.south.members["learner"].login = member.login
    cast.south.members["learner"].save()
    erase(request_erasure(cast.north.members["administrator"], "learner-01").pk)
    assert User.objects.filter(pk=member.login_id).exists()


def test_who_is_not_there_cannot_be_erased(cast: Cast) -> None:
    by = cast.south.members["administrator"]
    with pytest.raises(InvalidInput, match="no learner with the id"):
        request_erasure(by, cast.north.learners[5].external_id)
    request_erasure(by, "learner-01")
    with pytest.raises(InvalidInput, match="already"):
        request_erasure(by, "learner-01")


def test_the_page_asks_for_it(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    client.post(reverse("learner_erase"), {"learner": "nobody"})
    assert not Erasure.objects.exists()
    client.post(reverse("learner_erase"), {"learner": "learner-02"})
    made = Erasure.objects.get()
    assert made.requested_by == cast.north.members["administrator"]
    assert made.code in client.get(reverse("retention")).content.decode()
