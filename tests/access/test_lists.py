"""Every page that lists rows has them as CSV too: the same rows, in the same order, for the same people."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import get_resolver, reverse

from analytics.models import Activity, Learner, LearnerIdentity, Role, Statement
from analytics.tables.catalogue import TABLES
from analytics.tables.query import TableQuery
from analytics.tables.table import Table
from analytics.tables.viewer import Viewer
from recommender.models import Intervention, Mail
from tests.access.rows import browser
from tests.access.table import LINES, Line
from tests.access.test_every_address import Arguments, addresses
from tests.cast import Cast

OTHERWISE = {
    "board_list": "links to boards, each a page of charts with CSV of their own",
    "retrain_rule_list": "rules are settings",
    "list_rule_list": "rules are settings",
    "list_export_list": "files to fetch",
    "explorer_list": "one learner's recommendations, by API",
    "experiment_list": "sentences on what was tried",
}
"""Pages that list what is no table of rows."""
PAGES = {"course-learners": {"show": "learners"}, "course-parts": {"show": "parts"}}
"""What else stands in the address of the page that shows the table as a part."""


def line_of(table: Table) -> Line:
    return next(line for line in LINES if line.name == table.url_name and line.method == "GET")


def csv_of(client: Client, table: Table, query: dict[str, Any]) -> tuple[int, list[list[str]]]:
    response: Any = client.get(reverse("table_csv", args=[table.name]), query)
    if response.status_code != 200:
        return response.status_code, []
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return 200, list(csv.reader(io.StringIO(text)))


@pytest.fixture
def furnished(cast: Cast, arguments: Arguments) -> Arguments:
    """Every table has a row to show."""
    north = cast.north
    LearnerIdentity.objects.create(organisation=north.organisation, learner=north.learners[0], key="k", agent={})
    document = '{"actor": {"name": "=Ana"}, "verb": {"id": "http://example.org/did"}, "object": {"id": "urn:a"}}'
    Statement.objects.create(
        organisation=north.organisation, uuid="1b0ad3d2-7f22-4b0c-9f0e-0d3a1f0d9d11", verb="http://example.org/did",
        stored_at="2026-01-01T00:00Z", occurred_at="2026-01-01T00:00Z", document=document,
    )  # fmt: skip
    for enrolment in north.enrolments[:3]:
        Intervention.objects.create(
            organisation=north.organisation, enrolment=enrolment, kind="message", on="2026-01-01",
            mail=Mail.objects.create(organisation=north.organisation, address="a@b.org", subject="s"),
        )  # fmt: skip
    return arguments


def test_every_list_is_a_table() -> None:
    there = {name for name, _view in addresses(get_resolver().url_patterns) if name.endswith("_list")}
    missing = {name for name in there if not name.startswith(("admin:", "api_"))} - {
        table.url_name for table in TABLES.values()
    }
    assert missing == set(OTHERWISE), "declare a table as docs/tables.md says, or say here why it is none"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_csv_lets_in_whom_the_page_lets_in(name: str) -> None:
    table = TABLES[name]
    assert set(table.roles) == set(line_of(table).roles)


@pytest.mark.parametrize("role", Role.values)
def test_the_csv_has_the_rows_of_the_page(cast: Cast, furnished: Arguments, role: str) -> None:
    client, seen = browser(cast.north.members[role]), 0
    for table in TABLES.values():
        line, fixed = line_of(table), dict.fromkeys(table.needs, cast.north.courses["algebra"].pk)
        page: Any = client.get(reverse(line.name, args=furnished[line.row]), PAGES.get(table.name))
        status, lines = csv_of(client, table, fixed)
        assert status == page.status_code == (200 if role in line.roles else 403), table.name
        if status == 200:
            shown = page.context["shown"]
            assert lines[0] == [column.name for column in shown.query.columns], table.name
            assert len(lines) == 1 + shown.page.paginator.count > 1, f"{table.name} shows nothing here"
            first = [row[0].removeprefix("'") for row in lines[1:]]
            assert first == [cells[0].text for cells in shown.lines], table.name
            seen += 1
    assert seen or role == Role.LEARNER


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.INSTRUCTOR])
def test_the_csv_has_no_row_of_another_organisation(cast: Cast, furnished: Arguments, role: str) -> None:
    client = browser(cast.south.members[role])
    own = {*map(str, Learner.objects.filter(organisation=cast.south.organisation))}
    own |= {*map(str, Activity.objects.filter(organisation=cast.south.organisation))}
    own |= {member.login.get_username() for member in cast.south.members.values()}
    own |= {cast.south.from_import.source_name}
    for table in TABLES.values():
        _status, lines = csv_of(client, table, dict.fromkeys(table.needs, cast.north.courses["algebra"].pk))
        assert {row[0] for row in lines[1:]} <= own, table.name
        assert table.name != "imports" or len(lines) <= 2


def test_every_column_is_written_and_orders(cast: Cast, furnished: Arguments) -> None:
    viewer = Viewer.of(cast.north.members[Role.ADMINISTRATOR])
    for table in TABLES.values():
        fixed = f"course={cast.north.courses['algebra'].pk}&" if table.needs else ""
        every = f"{fixed}columns={','.join(column.name for column in table.columns)}"
        rows = list(TableQuery.read(table, QueryDict(every), viewer).rows())
        assert rows, table.name
        for column in (column for column in table.columns if column.is_sortable):
            for sign in ("", "-"):
                query = TableQuery.read(table, QueryDict(f"{every}&sort={sign}{column.name}"), viewer)
                ordered = list(query.rows())
                assert {row.pk for row in ordered} == {row.pk for row in rows}, f"{table.name} by {column.name}"
                assert all(cell.text for row in ordered for cell in query.cells(row)), f"{table.name} by {column.name}"
