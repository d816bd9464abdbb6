"""The weekly digest: what it says, when it is due, and that each member gets one a week, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone, translation

from analytics.models import JobState, Member
from recommender.models import Mail, OutcomePolicy, Risk
from recommender.tasks import queue_digests, send_mail
from recommender.worklist import digest
from tests.cast import Cast
from tests.conftest import Message
from tests.house.tree import ROOT

Risks = dict[int, Risk]
MONDAY = date(2026, 3, 2)


@pytest.fixture
def always_due(cast: Cast) -> None:
    for house in (cast.north, cast.south):
        OutcomePolicy.objects.create(organisation=house.organisation, digest_weekday=0, digest_hour=0)


def test_it_names_the_highest_risks_and_why(risks: Risks, instructor: Member, settings: Any) -> None:
    settings.NEURALINK_PUBLIC_URL = "https://learn.example.org"
    subject, body = digest.compose(instructor)
    assert subject == "5 learners may need you this week"
    assert body.startswith("Hello Irene Castillo,\n")
    assert (
        "- Amara Okafor, Algebra: 90%. 60% did not finish earlier runs of this course. No activity for 9 days;" in body
    )
    assert body.index("Amara Okafor") < body.index("Bruno Silva") < body.index("Emre")
    assert "Fatima Zahra" not in body
    assert "https://learn.example.org/worklist/" in body


def test_a_line_is_of_one_language(risks: Risks, instructor: Member) -> None:
    with translation.override("zh-hans"):
        _subject, body = digest.compose(instructor)
    line = next(line for line in body.splitlines() if "Amara Okafor" in line)
    assert line.startswith("- Amara Okafor，Algebra：90%。")
    assert ". " not in line


def test_large_numbers_are_written_as_on_pages(
    risks: Risks, instructor: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuerySet, "count", lambda rows: 2742)
    subject, body = digest.compose(instructor)
    assert subject == "2,742 learners may need you this week"
    assert "and 2,732 more." in body


def test_a_quiet_week_is_told_too(risks: Risks, instructor: Member) -> None:
    Risk.objects.update(risk_share=0.1)
    subject, body = digest.compose(instructor)
    assert subject == "Nobody is waiting on your worklist this week"
    assert "Nobody in your courses is at risk" in body


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 3, 5, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 3, 6, 0, tzinfo=UTC), True),  # seven in Madrid
        (datetime(2026, 3, 8, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 8, 23, 0, tzinfo=UTC), False),  # Monday in Madrid: a new week
    ],
)
def test_it_is_due_at_the_organisations_hour(cast: Cast, now: datetime, due: bool) -> None:
    north = cast.north.organisation
    north.as_of = now
    assert digest.is_due(north, OutcomePolicy(organisation=north, digest_weekday=1, digest_hour=7)) == due
    assert digest.week_of(north) == (MONDAY if now.day < 8 or now.hour < 23 else MONDAY + timedelta(days=7))


@pytest.mark.usefixtures("always_due")
def test_one_a_week_and_member(cast: Cast, risks: Risks, instructor: Member) -> None:
    assert [queue_digests(), queue_digests()] == [1, 0]
    assert digest.queue_digest(instructor, digest.week_of(cast.north.organisation)) is False
    mail = Mail.objects.get()
    assert (mail.member, mail.address, mail.state) == (instructor, "irene@example.org", JobState.QUEUED)
    north = cast.north.organisation
    north.as_of = timezone.now() + timedelta(days=7)
    north.save()
    assert queue_digests() == 1, "the week after"


@pytest.mark.usefixtures("always_due")
def test_one_that_the_server_refused_is_tried_again_after_an_hour(cast: Cast, risks: Risks, instructor: Member) -> None:
    assert queue_digests() == 1
    Mail.objects.update(state=JobState.FAILED, finished_at=timezone.now() - timedelta(minutes=50))
    assert queue_digests() == 0
    Mail.objects.update(finished_at=timezone.now() - timedelta(minutes=70))
    assert queue_digests() == 1
    assert Mail.objects.get().state == JobState.QUEUED


@pytest.mark.usefixtures("always_due")
def test_nobody_gets_one_without_address_risks_or_wish(
    cast: Cast, risks: Risks, instructor: Member, woken: list[Message]
) -> None:
    OutcomePolicy.objects.filter(organisation=cast.north.organisation).update(sends_digest=False)
    assert queue_digests() == 0
    OutcomePolicy.objects.update(sends_digest=True)
    instructor.login.email = ""
    instructor.login.save()
    assert queue_digests() == 0
    south = cast.south.members["instructor"].login
    south.email = "south@example.org"
    south.save()
    assert queue_digests() == 0, "nothing was predicted in South"
    assert not woken


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_worker_neither_loses_nor_doubles_it(
    cast: Cast, instructor: Member, settings: Any, tmp_path: Path, moment: str
) -> None:
    """Before the mail is handed over, and when it is out and nobody has written so down."""
    mail = Mail.objects.create(
        organisation=cast.north.organisation, member=instructor, week_on=MONDAY, address="a@example.org", subject="s"
    )
    at = connection.get_connection_params()
    server = f"{quote(at['user'])}:{quote(at['password'])}@{at['host']}:{at['port']}"
    database = f"postgresql://{server}/{connection.settings_dict['NAME']}"
    environment = os.environ | {"NEURALINK_HOME": str(tmp_path), "NEURALINK_DATABASE_URL": database}
    command = [sys.executable, "-m", "tests.recommender.worklist.dying", str(mail.pk), moment]
    died = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    mail.refresh_from_db()
    assert mail.state == JobState.RUNNING
    assert len(list(tmp_path.glob("mail/*.eml"))) == (moment == "after")

    Mail.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.EMAIL_BACKEND = "neuralink_site.mail_folder.EmailBackend"
    send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.attempt) == (JobState.SUCCEEDED, 2)
    (written,) = tmp_path.glob("mail/*")
    assert message_from_bytes(written.read_bytes())["To"] == "a@example.org"
    assert written.stat().st_mode & 0o777 == 0o600
