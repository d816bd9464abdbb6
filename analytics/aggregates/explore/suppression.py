"""Cells behind which too few learners stand are hidden by the database, before anything leaves it.

A cell with fewer than `least` learners is hidden. So that it cannot be worked out from the sum of its neighbours, at
least two cells with together `least` learners are hidden wherever one is: the smallest of the others joins it, among
the cells of one key and among those of one split (complementary suppression; Hundepool et al., Statistical Disclosure
Control, 2012, section 4). Whoever combines differently filtered questions is not kept from it by this.
"""
# ruff: noqa: S608  (names of columns are this package's own; values are parameters)

from __future__ import annotations

from collections.abc import Sequence


def suppressed(cells: str, values: Sequence[str]) -> str:
    """The cells with `is_hidden`, and neither values nor learners where that is true.

    Args:
        cells: a SELECT with the columns key, split, n and `values`; %(least)s is the smallest cell that is shown.
        values: names of the columns that say something.
    """
    shown = ", ".join(f"CASE WHEN is_hidden THEN NULL ELSE {name} END AS {name}" for name in ("n", *values))
    return f"""
WITH cells AS MATERIALIZED ({cells}), ranked AS (
    SELECT *,
        bool_or(n < %(least)s) OVER (PARTITION BY split) AS split_has_small,
        row_number() OVER smaller_in_split AS place_in_split,
        sum(n) OVER smaller_in_split - n AS below_in_split,
        bool_or(n < %(least)s) OVER (PARTITION BY key) AS key_has_small,
        row_number() OVER smaller_in_key AS place_in_key,
        sum(n) OVER smaller_in_key - n AS below_in_key
    FROM cells
    WINDOW smaller_in_split AS (PARTITION BY split ORDER BY n, key ROWS UNBOUNDED PRECEDING),
           smaller_in_key AS (PARTITION BY key ORDER BY n, split ROWS UNBOUNDED PRECEDING)
), judged AS (
    SELECT *, n < %(least)s
        OR (split_has_small AND (place_in_split <= 2 OR below_in_split < %(least)s))
        OR (split IS NOT NULL AND key_has_small AND (place_in_key <= 2 OR below_in_key < %(least)s)) AS is_hidden
    FROM ranked
)
SELECT key, split, is_hidden, {shown} FROM judged ORDER BY key NULLS LAST, split NULLS LAST
"""
