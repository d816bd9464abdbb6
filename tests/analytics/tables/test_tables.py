"""One question answers as page, CSV and API: same rows, same columns, same order, and nobody else's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.aggregates.segments import LEVELS
from analytics.errors import InvalidInput
from analytics.models import Import, Learner, SavedView
from analytics.tables.catalogue import TABLES
from analytics.tables.export import csv_lines
from analytics.tables.query import TableQuery
from analytics.tables.viewer import Viewer
from tests.cast import Cast


def asked(cast: Cast, query: str, role: str = "administrator", table: str = "learners") -> TableQuery:
    return TableQuery.read(TABLES[table], QueryDict(query), Viewer.of(cast.north.members[role]))


def names(query: TableQuery) -> list[str]:
    return [str(learner) for learner in query.rows()]


def csv_of(client: Client, query: str, table: str = "learners") -> list[list[str]]:
    response = client.get(f"{reverse('table_csv', args=[table])}?{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


QUERIES = ["", "q=ra&sort=name", "columns=n_hours,last_on&sort=-n_hours", "seen=not7&sort=n_events", "level=light"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("role", ["administrator", "instructor"])
def test_page_csv_and_api_say_the_same(client_of: Callable[..., Client], role: str, query: str) -> None:
    client = client_of(role)
    shown: Any = client.get(f"{reverse('learner_list')}?{query}").context["shown"]
    head, *lines = csv_of(client, query)
    answer = client.get(f"{reverse('api_table', args=['learners'])}?{query}").json()
    assert head == [column.name for column in shown.query.columns] == [column["name"] for column in answer["columns"]]
    assert (
        [line[0] for line in lines] == [cells[0].text for cells in shown.lines] == [r["name"] for r in answer["rows"]]
    )
    assert answer["n_rows"] == len(lines)
    for line, row in zip(lines, answer["rows"], strict=True):
        assert line == ["" if value is None else str(value) for value in row.values()]


COURSE_PAGE = {
    "course-learners": {"show": "learners"},
    "course-parts": {"show": "parts"},
}
COURSE_QUERIES = {
    "course-learners": ["", "q=ra&sort=name", "columns=outcome,grade_share&sort=-n_events", "seen=7"],
    "course-parts": ["", "kind=quiz", "period=all&sort=-n_events&columns=n_events", "q=a&sort=name"],
}


@pytest.mark.parametrize(("table", "query"), [(name, query) for name, all_ in COURSE_QUERIES.items() for query in all_])
@pytest.mark.parametrize("role", ["administrator", "instructor"])
def test_tables_of_a_course_say_the_same(
    cast: Cast, client_of: Callable[..., Client], role: str, table: str, query: str
) -> None:
    client, course = client_of(role), cast.north.courses["algebra"]
    shown: Any = client.get(
        reverse("course_page", args=[course.pk]), COURSE_PAGE[table] | dict(QueryDict(query).items())
    ).context["shown"]
    head, *lines = csv_of(client, f"course={course.pk}&{query}", table)
    answer = client.get(f"{reverse('api_table', args=[table])}?course={course.pk}&{query}").json()
    assert head == [column.name for column in shown.query.columns] == [column["name"] for column in answer["columns"]]
    assert lines
    assert (
        [line[0] for line in lines] == [cells[0].text for cells in shown.lines] == [r["name"] for r in answer["rows"]]
    )
    assert csv_of(client, shown.csv_url.partition("?")[2], table) == [head, *lines]


@pytest.mark.parametrize("query", ["", "q=alg", "period=all&sort=name&columns=n_active", "period=7&sort=-n_active"])
@pytest.mark.parametrize("role", ["administrator", "instructor"])
def test_courses_say_the_same(client_of: Callable[..., Client], role: str, query: str) -> None:
    client = client_of(role)
    shown: Any = client.get(f"{reverse('course_list')}?{query}").context["shown"]
    head, *lines = csv_of(client, shown.csv_url.partition("?")[2], "courses")
    assert head == [column.name for column in shown.query.columns]
    assert len(lines) == (1 if role == "instructor" or "q" in query else 3)
    for line, row in zip(lines, shown.page, strict=True):
        values = [column.value_of(row) for column in shown.query.columns]
        assert line == ["" if value is None else str(value) for value in values]


def test_an_instructor_counts_only_their_course(cast: Cast, client_of: Callable[..., Client]) -> None:
    everybody = {line[0]: line for line in csv_of(client_of("administrator"), "columns=n_events")[1:]}
    taught = {line[0]: line for line in csv_of(client_of("instructor"), "columns=n_events")[1:]}
    assert taught.keys() == {str(learner) for learner in cast.north.learners[:8]}
    # Learner 6 met five parts in each of three courses, two events a part.
    name = str(cast.north.learners[6])
    assert (everybody[name][1], taught[name][1]) == ("30", "10")


@pytest.mark.parametrize("table", ["learners", "course-learners", "courses", "course-parts"])
def test_nobody_else_sees_it(cast: Cast, client_of: Callable[..., Client], table: str) -> None:
    addresses = [reverse("table_csv", args=[table]), reverse("api_table", args=[table])]
    for address in addresses:
        assert client_of("learner").get(address).status_code == 403
        assert Client().get(address).status_code in {302, 401, 403}
    course = cast.south.courses["algebra"].pk
    assert csv_of(client_of("administrator"), f"course={course}", "course-learners")[1:] == []
    biology = cast.north.courses["biology"].pk
    assert csv_of(client_of("instructor"), f"course={biology}", "course-learners")[1:] == []
    refused = client_of("instructor").get(reverse("api_table", args=["course-learners"]), {"course": biology})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == "course"
    south = {line[1] for line in csv_of(client_of("administrator", "south"), "columns=external_id")[1:]}
    assert len(south) == 3


def test_a_key_needs_the_scope(api_client: Callable[..., Client]) -> None:
    address = reverse("api_table", args=["learners"])
    assert api_client("learners:read").get(address).json()["n_rows"] == 12
    assert api_client("events:read").get(address).status_code == 403


def test_filters(cast: Cast) -> None:
    course = cast.north.courses["ceramics"].pk
    assert set(names(asked(cast, f"course={course}"))) == {str(cast.north.learners[n]) for n in (0, 3, 6, 9)}
    assert names(asked(cast, "seen=never")) == [str(cast.north.learners[-1])]
    assert len(names(asked(cast, "seen=7"))) == 11
    assert names(asked(cast, "seen=not28")) == [str(cast.north.learners[-1])]
    assert names(asked(cast, "level=none")) == [str(cast.north.learners[-1])]
    by_level = [set(names(asked(cast, f"level={level.name}"))) for level in LEVELS]
    assert sum(map(len, by_level)) == len(set().union(*by_level)) == 12, "every learner is at one level"


def test_sums_are_of_the_chosen_course(cast: Cast) -> None:
    course = cast.north.courses["algebra"].pk
    rows = {str(row): row.n_events for row in asked(cast, f"course={course}").rows()}
    assert rows[str(cast.north.learners[6])] == 10


def test_addresses_that_people_type(cast: Cast) -> None:
    read = asked(cast, "sort=password&course=x&level=9&columns=secret&seen=%00&q=%00")
    assert (read.order, read.scope.values, read.text) == ("-last_on", (), "")
    assert read.parameters() == ""
    assert asked(cast, "sort=--name").order == "-last_on"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("sort=password", "sort"), ("course=x", "course"), ("columns=secret", "columns"), ("colour=red", "colour")],
)
def test_programs_are_told_what_is_wrong(cast: Cast, query: str, parameter: str) -> None:
    viewer = Viewer.of(cast.north.members["administrator"])
    with pytest.raises(InvalidInput) as raised:
        TableQuery.read_strictly(TABLES["learners"], QueryDict(query), viewer)
    assert raised.value.pointer == parameter


def test_a_question_is_its_address(cast: Cast) -> None:
    query = "q=a&level=light&sort=name&columns=name,n_hours"
    assert asked(cast, query).parameters() == query
    assert asked(cast, query).parameters(q="", page="2") == "level=light&sort=name&columns=name,n_hours&page=2"


def test_no_cell_is_a_formula() -> None:
    lines = "".join(csv_lines(["a"], iter([["=1+1"], ["-2"], [-2], ["+x"], ["@x"], ["\tx"], [None], ["ok"]])))
    assert [line[0] if line else "" for line in csv.reader(io.StringIO(lines[1:]))] == [
        *("a", "'=1+1", "'-2", "-2", "'+x", "'@x", "'\tx", "", "ok")
    ]


def test_views_are_saved_shared_and_deleted(cast: Cast, client_of: Callable[..., Client]) -> None:
    administrator, instructor = client_of("administrator"), client_of("instructor")
    save = reverse("view_save", args=["learners"])
    sent = {"name": "Quiet ones", "query": "seen=not7&sort=name&colour=red", "is_shared": "on"}
    answer = administrator.post(save, sent)
    view = SavedView.objects.get()
    assert view.query == "seen=not7&sort=name"
    assert answer["Location"].endswith(f"?{view.query}")
    administrator.post(save, {"name": "Mine", "query": "seen=7"})
    shown: Any = instructor.get(reverse("learner_list")).context["views"]
    assert [(each.view.name, each.is_changeable) for each in shown] == [("Quiet ones", False)]
    assert client_of("administrator", "south").get(reverse("learner_list")).context["views"] == []  # type: ignore[index]
    delete = reverse("view_delete", args=[view.pk])
    assert instructor.post(delete).status_code == 403
    assert client_of("administrator", "south").post(delete).status_code == 404
    assert client_of("learner").post(save, sent).status_code == 403
    assert administrator.post(delete).status_code == 302
    assert [each.name for each in SavedView.objects.all()] == ["Mine"]


def test_a_view_without_a_name_is_not_saved(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    client.post(reverse("view_save", args=["learners"]), {"name": "  ", "query": "seen=7"})
    assert not SavedView.objects.exists()


def test_the_bar_holds_what_is_chosen(client_of: Callable[..., Client]) -> None:
    page = client_of("administrator").get(f"{reverse('learner_list')}?q=a&level=light&columns=n_hours").content.decode()
    assert '<input id="q" name="q" type="search" value="a"' in page
    assert '<option value="light" selected>' in page
    assert 'value="n_hours" checked>' in page
    assert 'value="n_events" checked>' not in page


def test_a_page_costs_few_queries(
    client_of: Callable[..., Client], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = client_of("instructor")
    with django_assert_max_num_queries(15):
        client.get(f"{reverse('learner_list')}?level=light&seen=7&q=a&columns=n_courses,n_hours,first_on")
    with django_assert_max_num_queries(12):
        csv_of(client, "level=light&seen=7")


def test_search_is_the_same_in_any_case(cast: Cast) -> None:
    Learner.objects.filter(pk=cast.north.learners[0].pk).update(name="50% off_peak")
    assert names(asked(cast, "q=50%25")) == ["50% off_peak"]
    assert names(asked(cast, "q=OFF_PEAK")) == ["50% off_peak"]


def test_what_an_import_left_in_the_data_stands_in_its_csv(cast: Cast, client_of: Callable[..., Client]) -> None:
    organisation = cast.north.organisation
    Import.objects.filter(organisation=organisation).delete()
    told: list[tuple[str, dict[str, Any], str]] = [
        ("a", {"n_accepted": 1}, "yes"),
        ("b", {"n_accepted": 1, "is_dry_run": True}, "dry_run"),
        ("c", {"n_accepted": 1, "rolled_back_at": timezone.now()}, "rolled_back"),
        ("d", {}, ""),
    ]
    for name, fields, _stands in told:
        Import.objects.create(organisation=organisation, source_name=name, format="csv", **fields)
    client = client_of("administrator")
    head, *lines = csv_of(client, "sort=source_name", "imports")
    assert [(line[0], line[head.index("stands")]) for line in lines] == [(name, stands) for name, _, stands in told]
    page = client.get(reverse("import_list")).content.decode()
    assert page.count(">Dry run</span>") == page.count(">Rolled back</span>") == 1
