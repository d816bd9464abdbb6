"""Role x page x action: every line of the table, asked by everybody who must and who must not get an answer.

Each request stands in a transaction that is rolled back, so that a deed does not change what the next one finds.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from analytics.models import Role
from tests.access.rows import ABSENT_IDS, SHARED_IDS, browser, classmate, colleague, keys_for, url_of
from tests.access.table import (
    ADMIN_ACTIONS,
    ADMIN_EDITED,
    ADMIN_OTHERS,
    ADMIN_READ,
    ADMIN_SUPERUSERS,
    ANY_KEY,
    INSTRUCTOR,
    LEARNER,
    LINES,
    TOOL,
    Line,
    admin_models,
)
from tests.cast import NAMES, Cast

Arguments = dict[str, list[Any]]
MOST_QUERIES = 15
OTHERS = ("POST", "GET")


def addresses(patterns: list[Any], namespace: str = "") -> list[tuple[str, Any]]:
    """Name and view of every address that has a name."""
    found: list[tuple[str, Any]] = []
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found += addresses(pattern.url_patterns, inner)
        elif pattern.name:
            found.append((namespace + pattern.name, pattern.callback))
    return found


def outcome(client: Client, line: Line, url: str) -> tuple[str, HttpResponse]:
    """Open, shut (role or key may not), absent (no such row), no such method, or: sign in."""
    kept = deepcopy(client.cookies)  # signing out is asked too
    with transaction.atomic():
        response: Any = client.generic(line.method, url)
        if getattr(response, "streaming", False):
            response = HttpResponse(b"".join(response.streaming_content), status=response.status_code)
        transaction.set_rollback(True)
    client.cookies = kept
    if response.status_code == 302 and response["Location"].startswith(f"{reverse('sign_in')}?next="):
        return "sign in", response
    return {401: "sign in", 403: "shut", 404: "absent", 405: "no such method"}.get(
        response.status_code, "open"
    ), response


def expected(line: Line, role: str, sees_the_row: bool) -> str:
    if line.is_public:
        return "open"
    if line.scope == TOOL:
        return "sign in"
    if role not in line.roles:
        return "shut"
    return "absent" if line.narrow and not sees_the_row else line.answer


def wrong(client: Client, arguments: Arguments, wanted: Callable[[Line], str], **silent: Any) -> list[str]:
    """A sentence for each line that answers otherwise than it should."""
    found = []
    for line in LINES:
        got, response = outcome(client, line, url_of(line, arguments))
        if got != wanted(line):
            found.append(f"{line}: {got} ({response.status_code}), should be {wanted(line)}")
        found += [f"{line} tells of {name}" for name in silent.get("names", ()) if name.encode() in response.content]
    return found


def test_the_table_names_every_address() -> None:
    named = {line.name for line in LINES}
    there = {name for name, _view in addresses(get_resolver().url_patterns) if not name.startswith("admin:")}
    assert there - named == set(), "say in tests/access/table.py who may open these addresses"
    assert named - there == set(), "these addresses are not there any more: take them out of tests/access/table.py"


def test_the_table_names_every_method_of_the_api() -> None:
    views = dict(addresses(get_resolver().url_patterns))
    for name, view in views.items():
        methods = getattr(getattr(view, "cls", None), "access", None)
        if methods is not None:
            told = {line.method for line in LINES if line.name == name}
            assert told == set(methods), f"say in tests/access/table.py who may do what at {name}"


@pytest.mark.parametrize("role", Role.values)
def test_a_member(cast: Cast, arguments: Arguments, role: str) -> None:
    client = browser(cast.north.members[role])
    assert wrong(client, arguments, lambda line: expected(line, role, sees_the_row=True)) == []


def test_an_instructor_of_another_course(cast: Cast, arguments: Arguments) -> None:
    client = colleague(cast)
    hidden = [name for number, name in enumerate(NAMES) if number < 4]
    assert wrong(client, arguments, lambda line: expected(line, INSTRUCTOR, False), names=hidden) == []


def test_another_learner(cast: Cast, arguments: Arguments) -> None:
    client = classmate(cast)
    hidden = [name for name in NAMES if name != NAMES[1]]

    def wanted(line: Line) -> str:
        return expected(line, LEARNER, sees_the_row=line.row == "course_id")

    assert wrong(client, arguments, wanted, names=hidden) == []


@pytest.mark.parametrize("role", Role.values)
def test_a_member_of_another_organisation(cast: Cast, arguments: Arguments, role: str) -> None:
    """Rows are absent; lists, and rows that are named by an id that South has too, are South's own."""
    client = browser(cast.south.members[role])
    names = [*NAMES[3:], cast.north.organisation.name]

    def wanted(line: Line) -> str:
        answer = expected(line, role, sees_the_row=True)
        is_absent = line.row in ABSENT_IDS or (line.row and line.row not in SHARED_IDS)
        return "absent" if answer == "open" and is_absent else answer

    assert wrong(client, arguments, wanted, names=names) == []


def test_a_stranger(arguments: Arguments) -> None:
    def wanted(line: Line) -> str:
        return "open" if line.is_public else "sign in"

    assert wrong(Client(), arguments, wanted, names=[*NAMES, "North College"]) == []


@pytest.mark.parametrize("has_scope", [True, False])
def test_a_key(cast: Cast, arguments: Arguments, has_scope: bool) -> None:
    keyed = keys_for(cast)
    for line in (line for line in LINES if line.is_api and not line.is_public):
        opens = line.scope == ANY_KEY or (has_scope and bool(line.scope))
        if line.row == "own_upload" and opens:
            continue  # of the member who sent it
        got, response = outcome(keyed(line, has_scope), line, url_of(line, arguments))
        wanted = {"open"} if opens else {"shut"}
        if line.row == "token" and opens:
            wanted.add("absent")
        assert got in wanted, f"{line}: {got} ({response.status_code})"


def test_no_key_opens_a_page(cast: Cast, arguments: Arguments, api_key: Callable[..., str]) -> None:
    client = Client(headers={"Authorization": f"Bearer {api_key()}"})
    for line in (line for line in LINES if not line.is_api and not line.is_public):
        assert outcome(client, line, url_of(line, arguments))[0] == "sign in", str(line)


@pytest.mark.parametrize("role", Role.values)
def test_nobody_comes_in_by_another_method(cast: Cast, arguments: Arguments, role: str) -> None:
    """POST where the table has only GET, and the other way: never more than the table says."""
    client = browser(cast.north.members[role])
    told = {(line.name, line.method) for line in LINES}
    for line in (line for line in LINES if line.method in OTHERS and not line.is_public and not line.is_api):
        method = OTHERS[1 - OTHERS.index(line.method)]
        if (line.name, method) not in told and role not in line.roles:
            asked = Line(line.name, method, line.roles, line.row)
            assert outcome(client, asked, url_of(line, arguments))[0] in {"shut", "absent", "no such method"}, str(
                asked
            )


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR])
def test_presentation_mode_masks_learners_everywhere(cast: Cast, arguments: Arguments, role: str) -> None:
    """No page, fragment or file tells of a name, an id or an address of a learner."""
    for learner in cast.north.learners:
        learner.attributes = {"email": f"{learner.external_id}@example.org"}
        learner.save()
    client = browser(cast.north.members[role])
    for house_member in cast.north.members.values():
        house_member.login.email = f"{house_member.login}@example.org"
        house_member.login.save()
    client.post(reverse("presentation"))
    secrets = [*NAMES, *(name.split()[0] for name in NAMES), "learner-0", "@example.org", "a@b.org"]
    told: dict[str, list[str]] = {}
    own = [line for line in LINES if line.method == "GET" and role in line.roles and not line.name.startswith("xapi_")]
    for line in own:
        query = f"?enrolment={cast.north.enrolments[0].pk}" if line.name == "message_new" else ""
        _outcome, response = outcome(client, line, url_of(line, arguments) + query)
        if found := [secret for secret in secrets if secret.encode() in response.content]:
            told[str(line)] = found
    assert told == {}, "show learner.shown_name or shown_id, member.shown_login or shown_email"


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.INSTRUCTOR])
def test_pages_ask_few_questions(cast: Cast, arguments: Arguments, role: str, settings: Any) -> None:
    settings.NEURALINK_SWAP_SECONDS = 60  # with 0 a web process remembers nothing
    client = browser(cast.north.members[role])
    for line in (line for line in LINES if line.method == "GET" and not line.is_api and role in line.roles):
        for _cold_and_warm in range(2):
            with CaptureQueriesContext(connection) as asked:
                client.get(url_of(line, arguments))
            if len(asked) <= MOST_QUERIES:
                break
        assert len(asked) <= MOST_QUERIES, (str(line), [query["sql"][:100] for query in asked.captured_queries])


def test_the_table_names_every_address_of_the_admin() -> None:
    models = admin_models(ADMIN_EDITED) + admin_models(ADMIN_READ) + admin_models(ADMIN_SUPERUSERS)
    told = {f"admin:{model}_{action}" for model in models for action in ADMIN_ACTIONS}
    told |= {f"admin:{name}" for name in ADMIN_OTHERS}
    there = {name for name, _view in addresses(get_resolver().url_patterns) if name.startswith("admin:")}
    assert there == told, "say in tests/access/table.py which models the admin edits and which it only shows"


ADMIN_CALLERS = [*Role.values, "neighbour"]


@pytest.mark.parametrize("caller", ADMIN_CALLERS)
def test_the_admin(cast: Cast, arguments: Arguments, caller: str) -> None:
    """Of those who are no superuser only data administrators come in, and find their own organisation's rows."""
    house, role = (cast.south, Role.ADMINISTRATOR) if caller == "neighbour" else (cast.north, caller)
    member = house.members[role]
    member.login.is_staff = True  # also with this flag the others find nothing
    member.login.save()
    client, edited = browser(member), admin_models(ADMIN_EDITED)
    is_administrator = role == Role.ADMINISTRATOR
    for model in edited + admin_models(ADMIN_READ) + admin_models(ADMIN_SUPERUSERS):
        opens = is_administrator and model not in admin_models(ADMIN_SUPERUSERS)
        response = client.get(reverse(f"admin:{model}_changelist"))
        assert response.status_code == (200 if opens else 403), model
        if caller == "neighbour":
            assert not any(name.encode() in response.content for name in [*NAMES[3:], "North College"]), model
        if model not in edited:
            assert client.get(reverse(f"admin:{model}_add")).status_code in {302, 403}, model


def test_the_admin_shows_no_row_of_another_organisation(cast: Cast, arguments: Arguments) -> None:
    member = cast.south.members[Role.ADMINISTRATOR]
    member.login.is_staff = True
    member.login.save()
    client, north = browser(member), cast.north
    rows = {"learner": north.learners[0], "member": north.members[LEARNER], "activity": north.courses["algebra"]}
    rows |= {"organisation": north.organisation, "import": north.from_import, "enrolment": north.enrolments[0]}
    for model, row in rows.items():
        for action in ("change", "delete", "history"):
            url = reverse(f"admin:analytics_{model}_{action}", args=[row.pk])
            assert client.get(url).status_code in {302, 403, 404}, url
            assert client.post(url, {"post": "yes"}).status_code in {302, 403, 404, 405}, url
        assert type(row).objects.filter(pk=row.pk).exists()
