"""Answers for many learners at once: their lists as everybody's, with names, reasons and tokens of their own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from analytics.public import Activity, Learner, Organisation
from recommender.models import Impression, TargetKind
from recommender.serving.answers import Answer, Candidate, Chosen
from recommender.serving.everyone import Listed, frame_of, lists_of
from recommender.serving.reasons import with_reasons


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
    named = Activity.objects.select_related("course").in_bulk({pk for one in found for pk in one.ids})
    answers = [_answer(learner, one, named, explain=explain) for learner, one in zip(learners, found, strict=True)]
    Impression.objects.bulk_create(
        Impression(
            token=answer.token,
            organisation=organisation,
            learner=answer.learner,
            version=answer.version,
            source=answer.source,
            channel=channel,
            activity_ids=[step.activity.pk for step in answer.recommendations],
            n_met=len(one.situation.met),
        )
        for answer, one in zip(answers, found, strict=True)
        if answer.token is not None
    )
    return answers


def _answer(learner: Learner, found: Listed, named: dict[int, Activity], *, explain: bool) -> Answer:
    columns = zip(found.ids, found.strengths, found.sources, strict=True)
    candidates = [Candidate(named[pk], strength, source) for pk, strength, source in columns if pk in named]
    chosen = Chosen(candidates, found.model, found.fallback)
    steps = with_reasons(chosen, found.situation, None, explain)
    token = uuid.uuid4() if steps else None
    version = found.model.version if found.model else None
    return Answer(token, learner, chosen.source, version, found.fallback, steps)
