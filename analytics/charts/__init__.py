"""One result -> a chart: Plotly figure, table and sentence, all from the same rows.

Figures are plain dictionaries in Plotly's JSON schema, so that web processes need not import Plotly. Colours are
names of CSS variables (static/css/tokens.css); static/js/charts.js puts in the values of the reader's theme.
"""

from analytics.charts.chart import Chart
from analytics.charts.course import funnel, reach_of_parts
from analytics.charts.explore import answer_of, explored, kind_of, marked, title_of
from analytics.charts.learner import interests, results_over_time
from analytics.charts.outcome import cohorts, results_spread, ties_to_success
from analytics.charts.time import activity_by_day, engagement_by_week
from analytics.charts.week import days_of_week, hours_of_week, rhythm

__all__ = [
    "Chart",
    "activity_by_day",
    "answer_of",
    "cohorts",
    "days_of_week",
    "engagement_by_week",
    "explored",
    "funnel",
    "hours_of_week",
    "interests",
    "kind_of",
    "marked",
    "reach_of_parts",
    "results_over_time",
    "results_spread",
    "rhythm",
    "ties_to_success",
    "title_of",
]
