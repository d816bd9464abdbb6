"""What comes into question: the model's strongest, and what other sources put forward.

What the model knows is left to the model: the next part of a course stands where the model puts it, and only what came
after the training needs a place of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recommender.models import TargetKind
from recommender.serving.live import LiveModel
from recommender.serving.outline import Outline, outline_of
from recommender.serving.scoring import Scored
from recommender.serving.situation import Situation

Source = Literal[
    "pinned",
    "continue",
    "model",
    "model_by_courses",
    "next_in_sequence",
    "popular_in_your_courses",
    "first_in_your_courses",
    "popular",
]
SOURCES: dict[str, str | Promise] = {
    "pinned": _("pinned by the organisation"),
    "continue": _("begun and not finished"),
    "model": _("chosen by the model"),
    "model_by_courses": _("chosen by the model from the courses alone"),
    "next_in_sequence": _("next in its course"),
    "popular_in_your_courses": _("popular in the same courses"),
    "first_in_your_courses": _("the beginning of a course"),
    "popular": _("popular everywhere"),
}
FIRST_LOOK = 5
"""Times the length of the list: so many of the strongest are looked at first."""
MANY = 2000
"""More are not put in order as a whole: the strongest are taken out first."""
N_COURSES = 3
"""Of so many of the latest courses the next part is put forward."""
NEW_STRENGTH = 0.5
"""Of what the model does not know: behind what it finds strong, before what it finds weak."""


@dataclass(frozen=True)
class Pool:
    """Candidates, strongest first."""

    strengths: dict[int, float]  # activity id -> 0..1
    sources: dict[int, Source]  # of those that the model did not put forward
    n_left: int = 0  # of the model's, weaker than these


def pool(found: Scored, situation: Situation, limit: int) -> Pool:
    others = extras(situation, outline_of(situation.organisation), found.model)
    strengths, n_left = _strongest(found, FIRST_LOOK * limit)
    merged = {pk: strength for pk, (strength, _source) in others.items()} | {
        pk: strength for pk, strength in strengths.items() if pk not in others
    }
    in_order = dict(sorted(merged.items(), key=lambda one: -one[1]))  # stable: others before the model's
    return Pool(in_order, {pk: source for pk, (_strength, source) in others.items()}, n_left)


def _strongest(found: Scored, n: int) -> tuple[dict[int, float], int]:
    """What was met ranks high with many models, and would fill the pool: it is left out here already."""
    strengths = found.strengths.copy()
    strengths[found.places_of(found.known[0])] = -1
    places = np.arange(len(strengths))
    if len(strengths) > max(MANY, n):
        places = np.sort(np.argpartition(-strengths, n)[:n])
    places = places[np.argsort(-strengths[places], kind="stable")][:n]
    places = places[strengths[places] >= 0]
    ids = found.model.activity_ids[found.indices[places]]
    n_new = int((strengths >= 0).sum())
    return dict(zip(ids.tolist(), strengths[places].tolist(), strict=True)), n_new - len(places)


def extras(situation: Situation, outline: Outline, model: LiveModel) -> dict[int, tuple[float, Source]]:
    """Activity id -> strength and source; an earlier source keeps what a later one names again."""
    others: dict[int, tuple[float, Source]] = {}
    for pinned_id in situation.effects.pinned_ids:
        others[pinned_id] = (1.0, "pinned")
    if situation.kind == TargetKind.COURSE:
        return others
    if situation.unfinished_id is not None:
        others.setdefault(situation.unfinished_id, (1.0, "continue"))
    following = outline.following(_latest_of_courses(situation, outline))
    known = set(model.activity_ids[model.indices_of(np.array(following, np.int64))].tolist())
    for pk in following:
        if pk not in known and pk not in situation.met:
            others.setdefault(pk, (NEW_STRENGTH, "next_in_sequence"))
    return others


def _latest_of_courses(situation: Situation, outline: Outline) -> list[int]:
    """What was met last in each of the latest courses."""
    latest: dict[int, int] = {}
    newest_first = situation.history[::-1]
    for pk, course_id in zip(newest_first.tolist(), outline.courses_of(newest_first).tolist(), strict=True):
        latest.setdefault(course_id, pk)
        if len(latest) >= N_COURSES:
            break
    return list(latest.values())
