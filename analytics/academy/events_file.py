"""The academy's events as the generic CSV that any other organisation would send."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analytics.academy.diary import UNITS, VERBS
from analytics.academy.story import Story
from analytics.models import Unit

HEADER = ("learner", "activity", "verb", "at", "value", "unit")
VALUE, UNIT = 4, 5
DAMAGED_SHARE = 0.002
"""Real exports have rows like these, and the page of the import should have something to tell."""


def write_events(story: Story, path: Path, *, seed: int) -> int:
    """Write the file whole or not at all; how many rows it has, the damaged ones included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    n_rows = 0
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in _rows(story, np.random.default_rng(seed)):
            writer.writerow(row)
            n_rows += 1
    os.replace(unfinished, path)
    return n_rows


def _rows(story: Story, rng: np.random.Generator) -> Iterator[list[str]]:
    events = story.events
    is_damaged = rng.random(events.at.size) < DAMAGED_SHARE
    columns = zip(events.learner, events.activity, events.verb, events.at, events.value, events.unit, strict=True)
    for number, (learner, activity, verb, at, value, unit) in enumerate(columns):
        row = [
            story.learner_external_id(learner),
            story.activity_external_id(activity),
            VERBS[verb].value,
            f"{story.instant(at):%Y-%m-%dT%H:%M:%SZ}",
            "" if math.isnan(value) else f"{value:g}",
            UNITS[unit].value,
        ]
        if is_damaged[number] and row[UNIT] == Unit.SHARE:
            yield _in_percent(row)
        elif is_damaged[number]:
            yield row
            yield _damaged(row, number)
        else:
            yield row


def _in_percent(row: list[str]) -> list[str]:
    """The same event as some other program would write it: an import repairs that."""
    return [*row[:VALUE], f"{float(row[VALUE]):.0%}", row[UNIT]]


def _damaged(row: list[str], number: int) -> list[str]:
    """An extra row with one of the usual faults, in turn: an import rejects it."""
    learner, activity, verb, at, value, unit = row
    return [
        ["", activity, verb, at, value, unit],
        [learner, activity, verb, "2026-02-31 25:61", value, unit],
        [learner, "", verb, at, value, unit],
        [learner, activity, verb, at, "lots", unit],
    ][number % 4]
