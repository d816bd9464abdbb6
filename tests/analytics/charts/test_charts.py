"""Figure, table and sentence of a chart tell the same, and the figure is one that Plotly draws."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from analytics import charts
from analytics.aggregates.cohorts import Cohort
from analytics.aggregates.period import Period
from analytics.aggregates.reach import Counts, Reach, Step
from analytics.aggregates.success import Tie, Ties
from analytics.charts import Chart
from analytics.charts.chart import n_letters, named_at_end
from analytics.models import Activity
from analytics.profiles.features import Result, Topic

FIRST = date(2026, 3, 2)
TOKENS = Path(__file__).parents[3] / "static" / "css" / "tokens.css"


def days(counts: list[int]) -> list[dict[str, Any]]:
    return [
        {"key": FIRST + timedelta(days=n), "learners": count, "events": 2 * count, "completions": count // 2}
        for n, count in enumerate(counts)
    ]


def weeks(counts: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "key": FIRST + timedelta(days=7 * n),
            "learners": count,
            "events": count,
            "completions": 0,
            "result_share": None,
        }
        for n, count in enumerate(counts)
    ]


def parts(*counts: tuple[int, int, int]) -> list[Reach]:
    return [Reach(Activity(name=f"Part {n}"), Counts(*each), 9, 0, 0, 0) for n, each in enumerate(counts)]


STEPS = [Step(Activity(name=f"Module {n}"), beyond, stopped, 9) for n, (beyond, stopped) in enumerate([(9, 4), (5, 5)])]
TIES = Ties([Tie(Activity(name="Quiz"), 40, 0.8, 30, 0.5, 0.28, 0.06, 0.5)], 3, 6, 90)
COHORTS = [
    Cohort("2013", None, 50, 40, 0.5, 0.25, 0.7),
    Cohort("2014", None, 50, 40, 0.4, 0.5, None),
    Cohort("tiny", None, 4, 4, None, None, None),
]


WEEK = [[day * hour % 7 for hour in range(24)] for day in range(7)]
MIDNIGHTS = [[day + 1] + [0] * 23 for day in range(7)]
RESULTS = [Result(datetime(2026, 3, day, tzinfo=UTC), f"Quiz {day}", day / 10) for day in (1, 4, 10)]
TOPICS = [Topic("Algebra", 0.75, 30), Topic("Biology", 0.25, 10)]
CHARTS = {
    "day": charts.activity_by_day(days([4, 1230, 7])),
    "week": charts.engagement_by_week(weeks([3, 9, 5])),
    "hours": charts.hours_of_week(WEEK),
    "weekdays": charts.days_of_week(MIDNIGHTS),
    "reach": charts.reach_of_parts(parts((9, 8, 1), (8, 5, 6), (2, 2, 2))),
    "results": charts.results_over_time(RESULTS),
    "interests": charts.interests(TOPICS),
    "funnel": charts.funnel(STEPS),
    "ties": charts.ties_to_success(TIES),
    "spread": charts.results_spread([0, 0, 1, 0, 0, 2, 7, 0, 0, 1]),
    "cohorts": charts.cohorts(COHORTS),
}
EMPTY = {
    "day": charts.activity_by_day(days([0, 0])),
    "week": charts.engagement_by_week(weeks([0])),
    "hours": charts.hours_of_week([[0] * 24] * 7),
    "weekdays": charts.days_of_week([[0] * 24] * 7),
    "reach": charts.reach_of_parts([]),
    "results": charts.results_over_time([]),
    "interests": charts.interests([]),
    "funnel": charts.funnel([]),
    "ties": charts.ties_to_success(Ties([], 0, 0, 0)),
    "spread": charts.results_spread([0] * 10),
    "cohorts": charts.cohorts([]),
}


def test_a_single_result_has_days_around_it() -> None:
    low, high = charts.results_over_time(RESULTS[:1]).figure["layout"]["xaxis"]["range"]
    assert datetime.fromisoformat(high) - datetime.fromisoformat(low) == timedelta(days=14)
    assert low < RESULTS[0].at.isoformat() < high


@pytest.mark.parametrize("chart", [*CHARTS.values(), *EMPTY.values()])
def test_plotly_knows_every_property(chart: Chart) -> None:
    # CSS variables are put in by the browser; Plotly's validators want colours.
    coloured = json.loads(re.sub(r"var\(--[\w-]+\)", "#123456", json.dumps(chart.figure)))
    assert go.Figure(coloured).to_plotly_json()["layout"]


@pytest.mark.parametrize("chart", CHARTS.values())
def test_colours_are_tokens(chart: Chart) -> None:
    known = set(re.findall(r"(--[\w-]+):", TOKENS.read_text()))
    assert set(re.findall(r"var\((--[\w-]+)\)", json.dumps(chart.figure))) <= known


@pytest.mark.parametrize("chart", CHARTS.values())
def test_table_has_a_cell_for_every_column(chart: Chart) -> None:
    assert chart.rows
    assert {len(row) for row in chart.rows} == {len(chart.columns)}
    assert chart.has_data
    assert chart.sentence.endswith(".")


@pytest.mark.parametrize("chart", EMPTY.values())
def test_nothing_to_show_is_said(chart: Chart) -> None:
    assert not chart.has_data
    assert re.search(r"No |Nobody", chart.sentence)


def test_days_agree() -> None:
    chart = CHARTS["day"]
    learners, completions = chart.figure["data"]
    assert learners["y"] == [4, 1230, 7]
    assert completions["y"] == [2, 615, 3]
    assert learners["x"] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert chart.rows[1] == ["3 Mar 2026", "1,230", "615", "2,460"]
    assert chart.sentence == "414 learners a day on average, most on 3 Mar 2026 (1,230)."


def test_a_day_that_is_not_over_is_dotted() -> None:
    whole, dotted, *_rest = charts.activity_by_day(days([4, 8, 1]), is_last_partial=True).figure["data"]
    assert whole["y"] == [4, 8]
    assert dotted["y"] == [8, 1]
    assert dotted["line"]["dash"] == "dot"
    only = charts.activity_by_day(days([4]), is_last_partial=True).figure["data"]
    assert [trace["y"] for trace in only] == [[4], [2]]


def test_weeks_agree() -> None:
    chart = CHARTS["week"]
    assert chart.figure["data"][0]["y"] == [3, 9, 5]
    assert [row[1] for row in chart.rows] == ["3", "9", "5"]
    assert chart.sentence == "Active in the week of 16 Mar 2026: 5; the most were 9, in the week of 9 Mar 2026."


def test_weeks_before_and_after_the_course_are_left_out() -> None:
    chart = charts.engagement_by_week(weeks([0, 0, 3, 0, 9, 0]))
    assert chart.figure["data"][0]["y"] == [3, 0, 9]
    assert [row[0] for row in chart.rows] == ["16 Mar 2026", "23 Mar 2026", "30 Mar 2026"]


def test_week_agrees() -> None:
    chart = CHARTS["hours"]
    assert chart.figure["data"][0]["z"] == WEEK
    assert [row[1:] for row in chart.rows] == [[str(n) for n in day] for day in WEEK]
    # 6 events is the most; the first such hour is taken.
    assert chart.sentence == "Busiest on Tue between 06:00 and 07:00, with 6 events."


def test_a_source_of_days_gets_days() -> None:
    assert charts.rhythm(MIDNIGHTS, "x").title == "Days of the week"
    assert charts.rhythm(WEEK, "x").title == "Hours of the week"
    chart = CHARTS["weekdays"]
    assert chart.figure["data"][0]["y"] == [1, 2, 3, 4, 5, 6, 7]
    assert chart.sentence.startswith("Most happens on Sun: 25% of all events.")


def test_reach_agrees() -> None:
    chart = CHARTS["reach"]
    assert [trace["x"] for trace in chart.figure["data"]] == [[9, 8, 2], [8, 5, 2]]
    assert chart.rows[1] == ["Part 1", "8", "89%", "5", "6"]
    assert chart.sentence == "2 of 9 learners came to the last part; most others stopped at Part 1 (6)."


def test_funnel_agrees() -> None:
    chart = CHARTS["funnel"]
    assert chart.rows == [["Module 0", "9", "100%", "4"], ["Module 1", "5", "56%", "5"]]
    assert chart.sentence == "Most of those who stopped did so in Module 0: 4 of 9 who had come that far (44%)."


def test_ties_tell_n_and_interval() -> None:
    chart = CHARTS["ties"]
    assert chart.rows == [["Quiz", "80% of 40", "50% of 30", "+28%", "+6% … +50%"]]
    assert "80% finished (n = 40)" in chart.sentence
    assert "50% (n = 30)" in chart.sentence


def test_small_runs_are_not_told() -> None:
    chart = CHARTS["cohorts"]
    assert chart.rows[2] == ["tiny", "fewer than 5", "–", "–", "–", "–"]
    assert chart.figure["data"][0]["x"] == ["2013", "2014"]
    assert chart.sentence == "In the latest run 40% finished; the most were 50%, in 2013."


def test_chinese_labels_have_room_beside_their_line() -> None:
    assert n_letters("活跃学习者") == 2 * n_letters("Learn") == 10


def test_results_spread_agrees() -> None:
    assert (
        CHARTS["spread"].sentence == "1 of 11 learners with results have less than 40% on average; most lie at 60–70%."
    )


def test_equal_and_long_names_stay_apart() -> None:
    long = "A part whose name is much too long to stand beside a bar"
    names = charts.interests([Topic(long, 0.5, 1), Topic(long, 0.3, 1), Topic("Short", 0.2, 1)]).figure["data"][0]["y"]
    assert len(set(names)) == 3
    assert max(map(len, names)) < 40


def test_results_and_interests_agree() -> None:
    assert CHARTS["results"].figure["data"][0]["y"] == [0.1, 0.4, 1.0]
    assert CHARTS["results"].rows[2] == ["Quiz 10", "10 Mar 2026", "100%"]
    assert CHARTS["results"].sentence == "The latest 3 results are 50% on average."
    assert CHARTS["interests"].rows == [["Algebra", "75%", "30"], ["Biology", "25%", "10"]]
    assert CHARTS["interests"].sentence == "Most weight lies on Algebra (75%)."


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    line = {"line": {"color": "c"}}
    traces = [{**line, "name": "A", "y": [1, 50]}, {**line, "name": "B", "y": [100, 51, None]}]
    parts = named_at_end([*traces, {**line, "name": "A", "y": [50, 3], "showlegend": False}])
    low, high = parts["annotations"]
    assert (low["text"], low["y"], high["text"]) == ("A", 50, "B")
    assert high["y"] - low["y"] == pytest.approx(100 * 0.075)
    assert named_at_end([])["annotations"] == []


def test_weeks_that_the_period_cuts_are_pale() -> None:
    rows = weeks([3, 9, 5])
    first = rows[0]["key"]
    period = Period("custom", first + timedelta(days=1), first + timedelta(days=20))
    chart = charts.engagement_by_week(rows, period)
    assert chart.figure["data"][0]["marker"]["opacity"] == [pytest.approx(0.45), 1, 1]
    assert chart.rows[0][0].endswith("(not whole)")
