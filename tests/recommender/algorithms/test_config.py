from dataclasses import dataclass

import numpy as np
import pytest

from recommender.algorithms.config import Config, Span, parameter
from recommender.errors import InvalidConfig


@dataclass(frozen=True)
class SomeConfig(Config):
    epochs: int = parameter(3, minimum=1, maximum=9)
    rate: float = parameter(0.5, minimum=0.0)
    half_life: float | None = parameter(None, minimum=1)
    kind: str = parameter("a", choices=("a", "b"))
    is_loud: bool = parameter(False)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("epochs", 0, "SomeConfig.epochs must be a whole number from 1 to 9; got 0."),
        ("epochs", 2.0, "SomeConfig.epochs must be a whole number from 1 to 9; got 2.0."),
        ("epochs", True, "SomeConfig.epochs must be a whole number from 1 to 9; got True."),
        ("rate", float("nan"), "SomeConfig.rate must be a number, 0 or more; got nan."),
        ("rate", "1", "SomeConfig.rate must be a number, 0 or more; got '1'."),
        ("half_life", 0.5, "SomeConfig.half_life must be a number or nothing, 1 or more; got 0.5."),
        ("kind", "c", "SomeConfig.kind must be one of 'a', 'b'; got 'c'."),
        ("is_loud", 1, "SomeConfig.is_loud must be true or false; got 1."),
    ],
)
def test_says_what_is_allowed_and_what_it_got(name: str, value: object, sentence: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        SomeConfig.from_dict({name: value})
    assert str(caught.value) == sentence
    assert (caught.value.parameter, caught.value.owner) == (name, "SomeConfig")


def test_an_unknown_parameter_lists_the_known_ones() -> None:
    with pytest.raises(InvalidConfig, match=r"SomeConfig\.epoch must be one of the parameters epochs, rate"):
        SomeConfig.from_dict({"epoch": 3})


def test_whole_numbers_do_for_numbers_and_the_round_trip_is_exact() -> None:
    made = SomeConfig.from_dict({"rate": 1, "half_life": 2})
    assert type(made.rate) is float
    assert SomeConfig.from_dict(made.as_dict()) == made


@dataclass(frozen=True)
class SearchedConfig(Config):
    size: int = parameter(64, minimum=1, search=(16, 64))
    rate: float = parameter(0.1, minimum=0.0, search=Span(1e-4, 1.0, is_log=True))
    share: float = parameter(0.5, search=Span(0.2, 0.4))
    depth: int = parameter(2, minimum=1, search=Span(1, 4))
    half_life: float | None = parameter(None, minimum=1)


def test_a_draw_stays_within_what_is_worth_trying() -> None:
    assert SearchedConfig.searched() == ["size", "rate", "share", "depth"]
    generator = np.random.default_rng(0)
    draws = [SearchedConfig.draw(generator) for _ in range(400)]
    assert {draw.size for draw in draws} == {16, 64}
    assert {draw.depth for draw in draws} == {1, 2, 3, 4}
    assert all(0.2 <= draw.share <= 0.4 and 1e-4 <= draw.rate <= 1 for draw in draws)
    assert 0.4 < np.mean([draw.rate < 0.01 for draw in draws]) < 0.6, "evenly in the logarithm"
    assert all(draw.half_life is None for draw in draws)


def test_draws_follow_from_the_seed() -> None:
    one, same, other = (SearchedConfig.draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other
