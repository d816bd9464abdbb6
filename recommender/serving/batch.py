"""Answers for many learners at once: their lists as everybody's, with names, reasons and tokens of their own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from analytics.public import Learner, Organisation
from recommender.models import TargetKind
from recommender.serving.answers import Answer, Candidate, Chosen, Recommendation
from recommender.serving.everyone import Listed, frame_of, lists_of
from recommender.serving.reasons import causes_of, with_reasons
from recommender.serving.shown import named, shown_to
from recommender.serving.write_behind import Shown, keep


def recommend_to_each(
    organisation: Organisation,
    learners: Sequence[Learner],
    *,
    limit: int = 10,
    kind: str = TargetKind.ANY,
    explain: bool = True,
    channel: str,
) -> list[Answer]:
    """As `recommend`, for each of the learners of one organisation; about ten queries however many they are."""
    frame = frame_of(organisation, kind=kind, limit=limit)
    found = list(lists_of(frame, [learner.pk for learner in learners]))
    lists = [_listed(one) for one in found]
    causes = [causes_of(chosen, one.situation) if explain else None for chosen, one in zip(lists, found, strict=True)]
    shown = {pk for one in found for pk in one.ids}
    activities = named(organisation, shown | {pk for each in causes for why in (each or {}).values() for pk in why})
    steps = [with_reasons(chosen, activities, why) for chosen, why in zip(lists, causes, strict=True)]
    kept = [
        shown_to(learner, one.situation, chosen, channel) if chosen.candidates else None
        for learner, one, chosen in zip(learners, found, lists, strict=True)
    ]
    keep(*(one for one in kept if one is not None))
    return [_answer(*each) for each in zip(learners, lists, steps, kept, strict=True)]


def _listed(found: Listed) -> Chosen:
    """As a single question chooses."""
    columns = zip(found.ids, found.strengths, found.sources, strict=True)
    return Chosen([Candidate(*one) for one in columns], found.model, found.fallback)


def _answer(learner: Learner, chosen: Chosen, steps: list[Recommendation], kept: Shown | None) -> Answer:
    version = chosen.model.version if chosen.model else None
    return Answer(uuid.UUID(kept.token) if kept else None, learner, chosen.source, version, chosen.fallback, steps)
