from dataclasses import dataclass

import pytest

from recommender.algorithms.config import Config, parameter
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
