"""Explore and its boards: page, CSV and API answer alike, and each reader sees what is theirs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.aggregates.explore.answers import answer
from analytics.aggregates.segments import LEVELS
from analytics.charts import Chart
from analytics.models import Board, Outcome, Tile
from tests.cast import Cast


@pytest.fixture(autouse=True)
def small_cells_shown(settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 1


QUERIES = [
    "by=course&period=28",
    "by=week&split=verb&period=28",
    "measure=clicks&by=course&show=statistics&period=28",
    "by=day&period=7&compare=1",
]


def csv_of(client: Client, query: str) -> list[dict[str, str]]:
    response = client.get(f"{reverse('explore_csv')}?{query}")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("role", ["administrator", "instructor"])
def test_page_csv_and_api_say_the_same(client_of: Callable[..., Client], role: str, query: str) -> None:
    client = client_of(role)
    context: Any = client.get(f"{reverse('explore')}?{query}").context
    cells = context["answer"].cells
    lines = csv_of(client, query)
    told = client.get(f"{reverse('api_explore')}?{query}").json()
    assert len(cells) == len(lines) == len(told["cells"]) == len(context["chart"].rows) > 0
    assert [cell["values"] for cell in told["cells"]] == [cell.values for cell in cells]
    name = "mean" if "statistics" in query else context["question"].measure
    assert [float(line[name] or "nan") for line in lines] == pytest.approx(
        [cell.values.get("mean", cell.value) for cell in cells], nan_ok=True
    )


@pytest.mark.parametrize("chart", ["line", "bar", "heat", "table"])
def test_every_chart_is_drawn_from_the_table(client_of: Callable[..., Client], chart: str) -> None:
    for query in QUERIES:
        response = client_of("administrator").get(f"{reverse('explore')}?{query}&chart={chart}")
        shown: Any = response.context["chart"]
        assert shown.has_data == (chart != "table")
        assert shown.rows
        assert all(len(row) == len(shown.columns) for row in shown.rows)
        assert shown.sentence


def figure(client_of: Callable[..., Client], query: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The answer, the first trace and the layout."""
    context: Any = client_of("administrator").get(f"/explore/?period=28&{query}").context
    return context["answer"], context["chart"].figure["data"][0], context["chart"].figure["layout"]


def test_bars_of_names_lie_across_the_largest_on_top(client_of: Callable[..., Client]) -> None:
    found, bars, drawn = figure(client_of, "by=course")
    by_size = sorted(found.cells, key=lambda cell: -cell.value)
    assert len(by_size) > 1
    assert drawn["yaxis"]["categoryarray"] == [found.word("course", cell.key) for cell in by_size]
    assert drawn["yaxis"]["autorange"] == "reversed"
    assert dict(zip(bars["y"], bars["x"], strict=True)) == {found.word("course", c.key): c.value for c in found.cells}
    assert bars["orientation"] == "h"
    shares = figure(client_of, "by=course&measure=result_share")[2]
    assert shares["xaxis"]["tickformat"] == ".0%"


def test_bars_of_times_stand(client_of: Callable[..., Client]) -> None:
    _found, bars, drawn = figure(client_of, "by=hour")
    assert "orientation" not in bars
    assert (drawn["xaxis"]["dtick"], drawn["xaxis"]["tickangle"]) == (3, 0)
    assert all(len(name) <= 3 for name in figure(client_of, "by=weekday")[1]["x"])


def test_levels_and_outcomes_stand_in_their_order(client_of: Callable[..., Client]) -> None:
    found, _bars, drawn = figure(client_of, "by=level&measure=learners&split=outcome")
    keys = found.keys()
    assert keys == [level.name for level in LEVELS if level.name in keys]
    assert drawn["yaxis"]["categoryarray"] == [found.word("level", key) for key in keys]
    splits = [[cell.split for cell in found.cells if cell.key == key] for key in keys]
    assert max(map(len, splits)) > 1
    assert all(line == sorted(line, key=Outcome.values.index) for line in splits)
    by_week = figure(client_of, "by=week&measure=learners&split=outcome")[0]
    assert by_week.keys() == sorted(by_week.keys())


def test_times_lie_across_in_a_heat_map(client_of: Callable[..., Client]) -> None:
    found, heat, _drawn = figure(client_of, "by=kind&split=week")
    assert heat["type"] == "heatmap"
    assert heat["x"] == sorted(week.isoformat() for week in found.splits())
    value = next(cell for cell in found.cells if cell.value)
    row, column = heat["y"].index(found.word("kind", value.key)), heat["x"].index(value.split.isoformat())
    assert heat["z"][row][column] == value.value
    _found, turned, _drawn = figure(client_of, "by=week&split=kind&chart=heat")
    assert (turned["x"], sorted(turned["y"])) == (heat["x"], sorted(heat["y"]))


def test_an_earlier_count_is_followed_by_the_new_one(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, query = client_of("administrator"), "by=week&split=outcome&period=all"
    with monkeypatch.context() as context:
        context.setattr(
            "analytics.web.explore.answer", lambda *asked: replace(answer(*asked), counted_at=timezone.now())
        )
        earlier: Any = client.get(f"/explore/?{query}")
        assert "what changed since is being counted" in earlier.content.decode()
        newer = earlier.context["newer"]
        assert client.get(newer, headers={"HX-Request": "true"}).status_code == 204
    later = client.get(newer, headers={"HX-Request": "true"})
    assert later.status_code == 200
    assert later.context["newer"] == ""
    assert "HX-Push-Url" not in later.headers


def test_a_long_table_leaves_rows_to_the_csv(client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.charts.explore.TABLE_CELLS", 10)
    query = "by=day&period=28"
    response = client_of("administrator").get(f"/explore/?{query}")
    shown: Any = response.context["chart"]
    assert (len(shown.rows), shown.n_cut) == (5, 23)
    assert "The first 5 rows; 23 more are in the CSV." in response.content.decode()
    assert len(csv_of(client_of("administrator"), query)) == 28


def test_the_cells_of_a_table_are_texts() -> None:
    chart = Chart("id", "title", "sentence", {}, ["a", "b"], [["<b>", "1 & 2"]])
    assert chart.body == '<tr><th scope="row">&lt;b&gt;</th><td class="num">1 &amp; 2</td></tr>'


@pytest.mark.parametrize(
    ("query", "is_told"),
    [
        ("by=week", True),
        ("by=week&chart=bar", True),
        ("by=week&chart=table", False),
        ("by=week&chart=heat", False),
        ("by=course", False),
        ("by=week&measure=result_share&verb=viewed", False),
    ],
)
def test_marks_are_told_where_something_is_marked(client_of: Callable[..., Client], query: str, is_told: bool) -> None:
    page = client_of("administrator").get(f"/explore/?period=28&{query}")
    assert page.status_code == 200
    assert ("Dotted or pale" in page.content.decode()) == is_told


def test_what_is_hidden_is_nowhere(cast: Cast, client_of: Callable[..., Client], settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 5
    client, query = client_of("administrator"), "measure=events&by=outcome&period=28"
    page = client.get(f"{reverse('explore')}?{query}")
    assert "2 cells are hidden" in page.content.decode()
    assert {line["is_hidden"] for line in csv_of(client, query)} == {"1"}
    assert {line["events"] for line in csv_of(client, query)} == {""}
    cells = client.get(f"{reverse('api_explore')}?{query}").json()["cells"]
    assert {(cell["values"]["value"], cell["n_learners"]) for cell in cells} == {(None, None)}


def test_a_question_that_is_none_is_told(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    assert "nothing that “measure” may be" in client.get(f"{reverse('explore')}?measure=x").content.decode()
    assert client.get(f"{reverse('explore_csv')}?measure=x").status_code == 400
    problem = client.get(f"{reverse('api_explore')}?measure=x")
    assert (problem.status_code, problem.json()["errors"][0]["parameter"]) == (400, "measure")
    assert client.get(f"{reverse('api_explore')}?colour=red").status_code == 400


def test_a_fragment_tells_its_address(client_of: Callable[..., Client]) -> None:
    response = client_of("administrator").get(
        f"{reverse('explore')}?by=course&kind=&verb=&period=28", headers={"HX-Request": "true"}
    )
    assert b"<html" not in response.content
    assert response["HX-Push-Url"] == f"{reverse('explore')}?measure=events&by=course&period=28"


def test_a_page_costs_few_queries(
    client_of: Callable[..., Client], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = client_of("instructor")
    with django_assert_max_num_queries(15):
        client.get(f"{reverse('explore')}?by=course&period=7&compare=1")


def test_boards(cast: Cast, client_of: Callable[..., Client]) -> None:
    administrator, instructor = client_of("administrator"), client_of("instructor")
    for name in ("First", "Second"):
        sent = {"query": "by=course&period=28&colour=red", "name": name, "board_name": "Ours"}
        assert administrator.post(reverse("tile_add"), sent).status_code == 302
    board = Board.objects.get()
    assert [tile.query for tile in board.tiles.all()] == ["measure=events&by=course&period=28"] * 2
    page = reverse("board_page", args=[board.pk])
    second = board.tiles.get(name="Second")
    assert instructor.get(page).status_code == 404
    assert instructor.get(reverse("tile", args=[second.pk])).status_code == 404
    administrator.post(reverse("board_change", args=[board.pk]), {"name": "Ours", "is_shared": "on"})
    assert instructor.get(page).status_code == 200
    assert client_of("administrator", "south").get(page).status_code == 404
    assert client_of("learner").get(page).status_code == 403
    # The same tile counts all courses for one and the taught course for the other.
    rows: list[Any] = [
        client.get(reverse("tile", args=[second.pk])).context["chart"].rows for client in (administrator, instructor)
    ]
    assert [[row[0] for row in each] for each in rows] == [["Algebra", "Biology", "Ceramics"], ["Algebra"]]
    administrator.post(reverse("tile_change", args=[second.pk]), {"deed": "forward"})
    assert [tile.name for tile in board.tiles.all()] == ["Second", "First"]
    assert instructor.post(reverse("tile_change", args=[second.pk]), {"deed": "remove"}).status_code == 403
    administrator.post(reverse("tile_change", args=[second.pk]), {"deed": "remove"})
    assert Tile.objects.count() == 1
    administrator.post(reverse("board_change", args=[board.pk]), {"deed": "delete"})
    assert not Board.objects.exists()


def test_nobody_puts_a_chart_on_the_board_of_another(cast: Cast, client_of: Callable[..., Client]) -> None:
    administrator = cast.north.members["administrator"]
    board = Board.objects.create(
        organisation=cast.north.organisation, member=administrator, name="Mine", is_shared=True
    )
    sent = {"query": "by=course", "name": "x", "board": str(board.pk)}
    assert client_of("instructor").post(reverse("tile_add"), sent).status_code == 403
    assert client_of("administrator", "south").post(reverse("tile_add"), sent).status_code == 404
    assert not Tile.objects.exists()
