"""Numbers in words."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from analytics.words import chance, duration, full_stop


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "less than 1%"), (0.004, "less than 1%"), (0.006, "1%"), (0.734, "73%"), (0.994, "99%")]
    + [(0.996, "more than 99%"), (1.0, "more than 99%")],
)
def test_a_chance_is_never_a_certainty(share: float, told: str) -> None:
    assert chance(share) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (0.004, "0.1 s"), (0.34, "0.3 s"), (0.96, "1 s"), (75, "1 min 15 s"), (3700, "1 h 1 min")]
    + [(200_000, "2 days")],
)
def test_what_took_time_never_took_none(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_sentence_ends_as_the_language_ends_it() -> None:
    assert full_stop("Done") == "Done."
    with override("zh-hans"):
        assert full_stop("完成") == "完成。"
