"""What rows refer to, locked once for each of it, instead of looked up once for each of a million rows.

A load knows its few thousand learners and activities beforehand, so it locks exactly those, in the same way as the
triggers of foreign keys would, and inserts with the triggers off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from analytics.foreign_keys import unchecked
from analytics.imports.place import Place

FEW_ROWS = 500

KEPT = """
WITH organisation AS (
    SELECT id FROM analytics_organisation WHERE id = %(organisation)s FOR KEY SHARE
), source AS (
    SELECT id FROM analytics_import WHERE id = %(import)s FOR KEY SHARE
), learner AS (
    SELECT id FROM analytics_learner
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT learner FROM {staged}) FOR KEY SHARE
), activity AS (
    SELECT id FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT {activity} FROM {staged}) FOR KEY SHARE
)
SELECT (SELECT count(*) FROM organisation), (SELECT count(*) FROM source),
       (SELECT count(*) FROM learner), (SELECT count(*) FROM activity)
"""


@contextlib.contextmanager
def kept(to: Place, n_rows: int, staged: str, activity: str = "activity") -> Iterator[None]:
    """Inside the block nothing that the staged rows refer to can be deleted, and no trigger looks it up again.

    `activity` is the column with the external id of an activity. What is inserted must take its references from joins
    on those very rows. Few rows are left to the triggers.
    """
    if n_rows <= FEW_ROWS:
        yield
        return
    to.count(KEPT.format(staged=staged, activity=activity))
    with unchecked():
        yield
