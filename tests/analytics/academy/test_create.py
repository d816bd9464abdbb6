"""The academy comes in through the real import, once, and what a kill left undone is finished by the next start."""

from __future__ import annotations

import json
import stat

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from analytics.academy import create, logins
from analytics.models import (
    Activity,
    Enrolment,
    Event,
    Import,
    Kind,
    Learner,
    LearnerTotal,
    Member,
    Organisation,
    OrganisationDay,
    Role,
)

pytestmark = pytest.mark.django_db(transaction=True)
N_LEARNERS = 40


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    # Not settings.HOME: the embedded database lives there too.
    monkeypatch.setattr(create, "events_path", lambda: tmp_path / "events.csv")
    monkeypatch.setattr(logins, "logins_path", lambda: tmp_path / "logins.json")


def create_small() -> Organisation:
    return create.create_academy(seed=3, n_learners=N_LEARNERS, report=lambda line: None)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Organisation, Learner, Activity, Enrolment, Event, Import, Member))


def test_everything_is_there_once():
    organisation = create_small()
    before = counts()
    create_small()
    assert counts() == before
    assert (organisation.slug, organisation.is_synthetic) == ("academy", True)
    assert Learner.objects.count() == N_LEARNERS
    assert Activity.objects.courses().count() == 12
    assert Activity.objects.count() == 300
    assert not Activity.objects.exclude(kind=Kind.COURSE).filter(parent=None).exists()


def test_the_ledger_adds_up_and_tells_of_damaged_rows():
    organisation = create_small()
    import_ = Import.objects.get(organisation=organisation)
    assert import_.adds_up
    assert import_.n_rejected > 0
    assert import_.n_repaired > 0
    assert import_.n_accepted == Event.objects.count()
    assert OrganisationDay.objects.filter(organisation=organisation).exists()
    assert sum(LearnerTotal.objects.values_list("n_events", flat=True)) == import_.n_accepted


def test_nothing_lies_in_the_future():
    create_small()
    now = timezone.now()
    assert not Event.objects.filter(occurred_at__gt=now).exists()
    assert not Enrolment.objects.filter(started_at__gt=now).exists()


def test_logins_work_and_only_their_owner_reads_them():
    create_small()
    told = json.loads(logins.logins_path().read_text())
    assert set(told) == set(Role.values)
    assert stat.S_IMODE(logins.logins_path().stat().st_mode) == 0o600
    for role, login in told.items():
        found = authenticate(username=login["login"], password=login["password"])
        assert found.memberships.get().role == role
    assert User.objects.get(username="admin").is_staff
    assert Member.objects.get(role=Role.INSTRUCTOR).courses.count() == 3


def test_the_learner_member_has_a_page_worth_looking_at():
    create_small()
    learner = Member.objects.get(role=Role.LEARNER).learner
    assert learner.external_id == "A00001"
    assert learner.total.n_events > 50
    assert learner.total.last_on >= timezone.now().date() - timezone.timedelta(days=7)


def test_a_login_of_somebody_else_is_left_alone():
    User.objects.create_user("admin", password="mine")
    create_small()
    assert authenticate(username="admin", password="mine")
    assert json.loads(logins.logins_path().read_text())["administrator"]["login"] == "academy-admin"


def test_lost_passwords_are_made_anew():
    create_small()
    before = logins.logins_path().read_text()
    create_small()
    assert logins.logins_path().read_text() == before
    logins.logins_path().unlink()
    create_small()
    assert json.loads(logins.logins_path().read_text())["learner"] != json.loads(before)["learner"]


def test_a_kill_before_the_import_is_made_good(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(create, "_import_events", lambda organisation, report: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            create_small()
    assert Event.objects.count() == 0
    create_small()
    assert Event.objects.count() == Import.objects.get().n_accepted > 0


def test_a_kill_inside_the_import_is_made_good():
    organisation = create._found(3, N_LEARNERS, lambda line: None)
    half_done = create.create_import(organisation, "csv", create.events_path(), source_name="events.csv")
    Import.objects.claim(half_done.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_import SET lease_expires_at = now() + interval '1 second'")
    create_small()
    assert Import.objects.get().attempt == 2
    assert Event.objects.count() == Import.objects.get().n_accepted


def test_an_organisation_of_that_name_is_not_touched():
    Organisation.objects.create(slug="academy", name="Police Academy")
    with pytest.raises(CommandError, match="Police Academy"):
        call_command("create_academy")
    assert Learner.objects.count() == 0


@pytest.mark.parametrize("arguments", [["--learners", "3"], ["--seed", "-1"]])
def test_senseless_arguments_get_a_sentence(arguments):
    with pytest.raises(CommandError, match="must be|or more"):
        call_command("create_academy", *arguments)
