"""Every table by its name: a further table is a further line; the recommender adds its own through `public`."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.tables.columns import TableColumn, TableFilter
from analytics.tables.courses import COURSE_PARTS, COURSES
from analytics.tables.imports import IMPORTS
from analytics.tables.keys import API_KEYS, CREDENTIALS
from analytics.tables.learners import COURSE_LEARNERS, LEARNERS
from analytics.tables.members import MEMBERS
from analytics.tables.statements import IDENTITIES, STATEMENTS
from analytics.tables.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *(COURSES, COURSE_PARTS, LEARNERS, COURSE_LEARNERS),
        *(IMPORTS, STATEMENTS, IDENTITIES, MEMBERS, API_KEYS, CREDENTIALS),
    )
}


def add_table(table: Table) -> None:
    """Let pages, CSV and API find a table that is declared elsewhere; call it when the app is ready."""
    TABLES[table.name] = table


def extend_table(
    name: str, columns: Sequence[TableColumn] = (), filters: Sequence[TableFilter] = (), before: str = ""
) -> None:
    """Add columns and filters to a table from an app above; call it when that app is ready.

    This is how the recommender's risk stands in the table of learners: analytics asks for an expression and never
    learns what it reads. A copy of the number beside the learner would have been faster to sort by, but one number per
    learner would tell an instructor of the risk in courses that are not theirs.
    """
    TABLES[name].extend(columns, filters, before)
