"""The rows of North that stand in addresses, and those who ask for them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import ApiKey, Board, Credential, Member, Role, SavedView, Scope, Tile, Upload
from recommender.models import (
    Experiment,
    Impression,
    LearnerView,
    ListExport,
    ListRule,
    Mail,
    MessageTemplate,
    OutcomePolicy,
    RetrainRule,
    RiskRefresh,
    Run,
    Search,
)
from recommender.serving.list_export import path_of
from tests.access.table import TOOL, Line
from tests.cast import Cast, House
from tests.recommender.risks import add_risks


def arguments_of(house: House, run: Run) -> dict[str, list[Any]]:
    """What stands in the address, by the name of the row."""
    organisation, learner, course = house.organisation, house.learners[0], house.courses["algebra"]
    administrator, instructor = house.members[Role.ADMINISTRATOR], house.members[Role.INSTRUCTOR]
    add_risks(house)
    board = Board.objects.create(organisation=organisation, member=administrator, name="b", is_shared=True)
    OutcomePolicy.objects.create(organisation=organisation, learner_sees=LearnerView.FULL)
    made = {
        "upload": an_upload(house, None),
        "own_upload": an_upload(house, administrator),
        "import": house.from_import,
        "credential": Credential.objects.issue(organisation, "tool", ["all"])[0],
        "key": ApiKey.objects.issue(organisation, "key", [Scope.EVENTS_READ], administrator)[0],
        "run": run,
        "experiment": an_experiment(run),
        "version": run.version,
        "retrain_rule": RetrainRule.objects.create(organisation=organisation, algorithm="ease", every_days=7),
        "search": Search.objects.create(organisation=organisation, algorithm="ease", budget_seconds=5),
        "list_rule": ListRule.objects.create(organisation=organisation, effect="block", activity_kind="forum", why="w"),
        "list_export": an_export(house),
        "risk_refresh": RiskRefresh.objects.create(organisation=organisation, requested_by=instructor),
        "mail": Mail.objects.create(organisation=organisation, requested_by=instructor, address="a@b.org", subject="s"),
        "shared_board": board,
        "shared_tile": Tile.objects.create(organisation=organisation, board=board, name="t", query="by=course"),
        "shared_view": SavedView.objects.create(
            organisation=organisation, member=administrator, table="learners", name="all", is_shared=True
        ),
        "course": course,
        "learner": learner,
        "enrolment": next(one for one in house.enrolments if (one.learner, one.course) == (learner, course)),
    }
    MessageTemplate.objects.create(organisation=organisation, key="own-text", name="n", subject="s", body="b")
    return {name: [row.pk] for name, row in made.items() if row is not None} | {
        "": [],
        "message_template": ["own-text"],
        "learner_id": [learner.external_id],
        "course_id": [course.external_id],
        "learner_and_activity": [learner.external_id, house.parts["algebra"][-1].external_id],
        "version_number": [run.version.number if run.version else 0],
        "recommendation": [a_list(house).token, house.parts["algebra"][-1].pk],
        "token": ["nothing"],
        "table": ["learners"],
        "password_token": ["MQ", "nothing"],
        "member": [instructor.pk],
    }


def a_list(house: House) -> Impression:
    """Shown to the learner of the addresses."""
    return Impression.objects.create(
        organisation=house.organisation, learner=house.learners[0], source="x", channel="page",
        activity_ids=[house.parts["algebra"][-1].pk],
    )  # fmt: skip


def an_export(house: House) -> ListExport:
    """One that can be fetched, and cancelled too."""
    export = ListExport.objects.create(organisation=house.organisation, state="running", file="whole")
    path_of(export).parent.mkdir(parents=True, exist_ok=True)
    path_of(export).write_text("learner")
    return export


def an_upload(house: House, by: Member | None) -> Upload:
    return Upload.objects.create(
        organisation=house.organisation, by_member=by, file_name="a.csv", path="/nowhere/a.csv", n_bytes=1,
        n_received=1, touched_at=timezone.now(),
    )  # fmt: skip


def an_experiment(run: Run) -> Experiment | None:
    """A version beside itself: whoever is let in is told that there is no winner."""
    if run.version is None:
        return None
    scope = {"organisation": run.organisation, "control": run.version, "challenger": run.version}
    return Experiment.objects.create(**scope, salt="salt")


SHARED_IDS = {"table", "learner_id", "course_id", "learner_and_activity", "password_token"}
"""Rows named by an id that the neighbour has too: they get their own."""
ABSENT_IDS = {"message_template", "version_number", "token"}
"""Rows named by what the neighbour may have too, but has not."""


def url_of(line: Line, arguments: dict[str, list[Any]]) -> str:
    return reverse(line.name, args=arguments[line.row])


def browser(member: Member) -> Client:
    client = Client()
    client.force_login(member.login)
    return client


def add_member(house: House, role: str, name: str, **fields: Any) -> Member:
    login = User.objects.create(username=name)
    return Member.objects.create(organisation=house.organisation, login=login, role=role, **fields)


def colleague(cast: Cast) -> Client:
    """An instructor of North's biology, in which the learner of the addresses is not."""
    member = add_member(cast.north, Role.INSTRUCTOR, "north-colleague")
    member.courses.add(cast.north.courses["biology"])
    return browser(member)


def classmate(cast: Cast) -> Client:
    """Another learner of the same course."""
    return browser(add_member(cast.north, Role.LEARNER, "north-classmate", learner=cast.north.learners[1]))


def keys_for(cast: Cast) -> Callable[[Line, bool], Client]:
    """A client with exactly the scope of the line, or with every other one."""
    house = cast.north

    def key(line: Line, has_scope: bool) -> Client:
        if line.scope == TOOL:
            credential, secret = Credential.objects.issue(
                house.organisation, "tool", ["all" if has_scope else "define"], None
            )
            basic = base64.b64encode(f"{credential.key}:{secret}".encode()).decode()
            return Client(headers={"Authorization": f"Basic {basic}", "X-Experience-API-Version": "2.0.0"})
        scopes = [scope for scope in Scope.values if (scope == line.scope) == has_scope]
        by = house.members[Role.ADMINISTRATOR]
        return Client(
            headers={"Authorization": f"Bearer {ApiKey.objects.issue(house.organisation, 'k', scopes, by)[1]}"}
        )

    return key
