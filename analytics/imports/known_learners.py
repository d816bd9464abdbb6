"""Learners who are known by another spelling of their id: the step `match_learners`, which asks the database.

An address finds the learner whose id it is in another case of letters, or of whom it is known as an attribute or as an
identity in xAPI. A number that a program wrote with ".0" finds the number. Nothing else is matched: other ids may
differ in nothing but the case of a letter. Where two learners could be meant, none is taken.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports.marks import Mark, on_places
from analytics.imports.place import Place
from analytics.models import Verdict

LIKELY = r"@|^[0-9]+\.0$"
MATCHED = r"""
WITH fresh AS (
    SELECT learner, lower(learner) AS folded, min(place) AS first FROM {staged}
    WHERE (learner LIKE '%%@%%' OR learner ~ '^[0-9]+\.0$')
      AND NOT EXISTS (SELECT FROM analytics_learner WHERE organisation_id = %(organisation)s AND external_id = learner)
    GROUP BY learner
), addresses AS (SELECT DISTINCT folded FROM fresh WHERE folded LIKE '%%@%%'),
known AS (
    SELECT folded, min(external_id) AS external_id FROM (
        SELECT lower(external_id) AS folded, external_id FROM analytics_learner
        WHERE organisation_id = %(organisation)s AND lower(external_id) IN (SELECT folded FROM addresses)
        UNION
        SELECT lower(cell.value), external_id FROM analytics_learner, jsonb_each_text(attributes) cell
        WHERE organisation_id = %(organisation)s AND attributes::text LIKE '%%@%%'
          AND lower(cell.value) IN (SELECT folded FROM addresses)
        UNION
        SELECT lower(split_part(key, 'mbox:mailto:', 2)), external_id
        FROM analytics_learneridentity identity JOIN analytics_learner learner ON learner.id = learner_id
        WHERE identity.organisation_id = %(organisation)s
          AND lower(split_part(key, 'mbox:mailto:', 2)) IN (SELECT folded FROM addresses)
        UNION
        SELECT folded, whole FROM (SELECT folded, left(folded, -2) AS whole FROM fresh WHERE folded NOT LIKE '%%@%%') n
        WHERE EXISTS (SELECT FROM analytics_learner WHERE organisation_id = %(organisation)s AND external_id = whole)
           OR EXISTS (SELECT FROM {staged} WHERE learner = whole)
    ) found
    GROUP BY folded HAVING count(*) = 1
), chosen AS (
    SELECT learner AS written,
           coalesce(external_id, first_value(learner) OVER (PARTITION BY folded ORDER BY first)) AS taken
    FROM fresh LEFT JOIN known USING (folded)
)
UPDATE {staged} SET learner = taken FROM chosen WHERE learner = written AND written <> taken
RETURNING place
"""


def matched(to: Place, staged: str, rows: pa.Table) -> list[Mark]:
    """Give staged learners that are known under another spelling the id that is known; marks on the (n,) rows."""
    is_likely = (
        "match_learners" not in to.steps_off and pc.any(pc.match_substring_regex(rows["learner"], LIKELY)).as_py()
    )
    places = to.run(MATCHED.format(staged=staged)) if is_likely else []
    sentence = _("“{learner}” is known under another spelling, which was taken.")
    return [on_places(places, Verdict.REPAIRED, "learner_matched", sentence)]
