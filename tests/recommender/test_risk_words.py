"""What a person reads of a risk."""

from __future__ import annotations

import pytest

from recommender.outcomes.factors import TELLINGS
from recommender.risk_words import words_of


def words(feature, value, peers_value=None):
    return words_of({"feature": feature, "value": value, "peers_value": peers_value, "effect": 0.1})


@pytest.mark.parametrize("feature", TELLINGS)
@pytest.mark.parametrize("value", [-3.0, 0.0, 0.5, 1.0, 9.0])
def test_every_factor_has_words_for_every_value(feature, value):
    assert words(feature, value, 2.0)


@pytest.mark.parametrize(
    ("feature", "value", "peers", "sentence"),
    [
        ("pause", 9.0, 1.0, "no activity for 9 days; peers at this point: 1 day"),
        ("pause", 0.0, None, "active today"),
        ("missing_work", 2.0, 0.0, "2 assessments missing"),
        ("materials", 14.0, 20.0, "opened 14 materials; peers at this point: 20"),
        ("results", 0.62, 0.74, "mean result 62%; peers at this point: 74%"),
        ("punctuality", -3.0, 1.0, "hands in 3 days late"),
        ("attempt", 2.0, 2.0, "second attempt at this course"),
        ("attempt", 4.0, None, "attempt number 4 at this course"),
    ],
)
def test_known_sentences(feature, value, peers, sentence):
    assert words(feature, value, peers) == sentence


def test_a_factor_without_a_value_or_of_another_release_has_no_words():
    assert words("results", None, 0.7) == ""
    assert words("charm", 1.0) == ""
