"""The recommender's tables: a further one is a further name here."""

from __future__ import annotations

from analytics.public import add_table
from recommender.tables.interventions import INTERVENTIONS
from recommender.tables.risks import COURSE_RISKS
from recommender.tables.runs import RUNS, SEARCHES
from recommender.tables.versions import PROMOTIONS, VERSIONS

TABLES = (RUNS, SEARCHES, VERSIONS, PROMOTIONS, INTERVENTIONS, COURSE_RISKS)


def register() -> None:
    for table in TABLES:
        add_table(table)
