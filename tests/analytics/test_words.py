"""Numbers in words."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from analytics.words import chance, full_stop


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "less than 1%"), (0.004, "less than 1%"), (0.006, "1%"), (0.734, "73%"), (0.994, "99%")]
    + [(0.996, "more than 99%"), (1.0, "more than 99%")],
)
def test_a_chance_is_never_a_certainty(share: float, told: str) -> None:
    assert chance(share) == told


def test_a_sentence_ends_as_the_language_ends_it() -> None:
    assert full_stop("Done") == "Done."
    with override("zh-hans"):
        assert full_stop("完成") == "完成。"
