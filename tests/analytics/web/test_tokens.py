"""The colours: legible in both themes, and the manual switch shows what the system's dark theme shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[3] / "static" / "css" / "tokens.css").read_text()
GROUNDS = ("ground", "surface", "sunken")
TEXTS = ("text", "text-soft", "accent")
STATES = ("ok", "warn", "bad")


def block(start: str) -> dict[str, str]:
    """The colours of the rule that begins so."""
    rule = TOKENS[TOKENS.index(start) :].partition("}")[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rule))


THEMES = {"light": block(":root {"), "dark": block(':root[data-theme="dark"] {')}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_legible(theme: str) -> None:
    colours = THEMES[theme]
    pairs = [(text, ground) for text in TEXTS + STATES for ground in GROUNDS]
    pairs += [(state, f"{state}-ground") for state in (*STATES, "accent")]
    pairs += [("on-accent", "accent-fill"), ("on-accent", "bad-fill")]
    assert not [(pair, ratio) for pair in pairs if (ratio := contrast(*(colours[name] for name in pair))) < 4.5]


@pytest.mark.parametrize("theme", THEMES)
def test_borders_and_series_stand_out(theme: str) -> None:
    colours = THEMES[theme]
    names = ["line-strong", *(f"series-{number}" for number in range(1, 7))]
    assert not [name for name in names if contrast(colours[name], colours["surface"]) < 3]


def test_dark_is_dark_either_way() -> None:
    assert block(':root:not([data-theme="light"]) {') == THEMES["dark"]
    assert THEMES["dark"].keys() == THEMES["light"].keys()
