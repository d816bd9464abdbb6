"""What a learner could do next: candidates -> score -> rules -> top n -> reasons.

Page, API and command all call `recommend`; sessions, similar and popular activities go the same way. With a warm
process it makes at most nine queries, however long the list and the history are.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.public import Activity, InvalidInput, Kind, Learner, Organisation
from recommender import explanations
from recommender.algorithms.base import Contribution
from recommender.explanations import Reason
from recommender.models import RECOMMENDED, Impression, TargetKind, Version
from recommender.serving.live import LiveModel, live_model, stored_model
from recommender.serving.popular import popular
from recommender.serving.rules import admitted
from recommender.serving.situation import Situation, situation_of, situation_of_session

logger = logging.getLogger(__name__)

N_REASONS = 2
_FIRST_LOOK = 8
"""Times the length of the list: so many of the strongest are looked at first."""


@dataclass(frozen=True)
class Recommendation:
    activity: Activity
    rank: int  # 1 is the best
    strength: float  # 0..1 on the scale of this one answer; not a probability
    reason: str | None  # None where nobody asked for it
    reason_activities: list[Activity]


@dataclass(frozen=True)
class Answer:
    """What was recommended, and by what: a version, or a fallback by its name."""

    token: uuid.UUID | None  # for feedback; None where nothing was recorded
    learner: Learner | None
    source: str  # the version's algorithm, or the fallback's name
    version: Version | None
    fallback: str | None
    recommendations: list[Recommendation]


@dataclass(frozen=True)
class Chosen:
    """Activities in their order, before they have names and reasons."""

    activities: list[tuple[int, float]]  # id, strength
    model: LiveModel | None = None
    fallback: str | None = None

    @property
    def source(self) -> str:
        return self.model.version.algorithm if self.model else self.fallback or ""


def recommend(
    learner: Learner,
    *,
    limit: int = 10,
    kind: str = TargetKind.ANY,
    course: Activity | None = None,
    channel: str,
    exclude: Collection[str] = (),
    context: Sequence[str] = (),
    explain: bool = True,
    version: Version | None = None,
    record: bool = True,
) -> Answer:
    """The learner's next steps, from everything they did up to now.

    Args:
        learner: who asks; their organisation's models, activities and clock are used.
        limit: how many, 1 or more.
        kind: `any` activity or `course`.
        course: only activities of this course, by its own version if it has one.
        channel: where the answer is shown: `page`, `api` or `command`.
        exclude: external ids of activities that are not wanted.
        context: external ids of what the learner met just now and no event tells of yet, oldest first; the last one is
            what they look at. Ids that the organisation does not have are passed over.
        explain: give each recommendation its reason.
        version: ask this one and no other, whether it is in use or not.
        record: keep an impression, whose token takes feedback.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    _check(learner.organisation, limit, kind, course, version)
    now_met = _ids_of(learner.organisation, context, kind)
    situation = situation_of(learner, kind=kind, course=course, exclude=exclude, context=now_met, version=version)
    return _answer(situation, limit, channel=channel if record else None, explain=explain)


def recommend_for_session(
    organisation: Organisation,
    history: Sequence[str],
    *,
    limit: int = 10,
    kind: str = TargetKind.ANY,
    course: Activity | None = None,
    exclude: Collection[str] = (),
    explain: bool = True,
    version: Version | None = None,
) -> Answer:
    """Next steps for somebody who is not known, from external ids of what they met lately, oldest first.

    Ids that the organisation does not have are passed over, for a site knows its pages before we do. Nothing is kept.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    _check(organisation, limit, kind, course, version)
    met = _ids_of(organisation, history, kind)
    situation = situation_of_session(organisation, met, kind=kind, course=course, exclude=exclude, version=version)
    return _answer(situation, limit, channel=None, explain=explain)


def similar_to(activity: Activity, *, limit: int = 10) -> Answer:
    """What the model says next to somebody who has met this activity alone; the same for everybody.

    Raises:
        InvalidInput: `limit` is less than 1.
    """
    organisation, kind = activity.organisation, TargetKind.COURSE if activity.kind == Kind.COURSE else TargetKind.ANY
    _check(organisation, limit, kind, None)
    situation = situation_of_session(organisation, [activity.pk], kind=kind, course=None, exclude=())
    return _answer(situation, limit, channel=None, after=activity)


def popular_now(
    organisation: Organisation, *, limit: int = 10, kind: str = TargetKind.ANY, course: Activity | None = None
) -> Answer:
    """What most learners met in the last weeks and is open; the same for everybody.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    _check(organisation, limit, kind, course)
    situation = situation_of_session(organisation, [], kind=kind, course=course, exclude=())
    return _answer(situation, limit, channel=None)


def _ids_of(organisation: Organisation, external_ids: Sequence[str], kind: str) -> list[int]:
    """The database ids of those that exist, in their order; with kind `course`, those of their courses."""
    if not external_ids:
        return []
    rows = Activity.objects.filter(organisation=organisation, external_id__in=set(external_ids))
    if kind == TargetKind.COURSE:
        rows = rows.filter(Q(course__isnull=False) | Q(kind=Kind.COURSE))
        ids = dict(rows.values_list("external_id", Coalesce("course_id", "pk")))
    else:
        ids = dict(rows.values_list("external_id", "pk"))
    return [ids[external_id] for external_id in external_ids if external_id in ids]


def _answer(
    situation: Situation, limit: int, *, channel: str | None, after: Activity | None = None, explain: bool = True
) -> Answer:
    """Choose, explain and, where there is a channel, keep what was shown; `after` is the one that all is similar to."""
    chosen = _by_model(situation, limit) or _by_fallback(situation, limit)
    recommendations = _with_reasons(chosen, situation, after, explain)
    learner = situation.learner
    token = _record(learner, chosen, channel) if learner is not None and channel and recommendations else None
    version = chosen.model.version if chosen.model else None
    return Answer(token, learner, chosen.source, version, chosen.fallback, recommendations)


def _check(
    organisation: Organisation, limit: int, kind: str, course: Activity | None, version: Version | None = None
) -> None:
    if limit < 1:
        raise InvalidInput(_("limit must be 1 or more; got %(got)s.") % {"got": limit}, "limit")
    if kind not in RECOMMENDED:
        allowed = ", ".join(RECOMMENDED)
        raise InvalidInput(_("kind must be one of %(kinds)s; got %(got)r.") % {"kinds": allowed, "got": kind}, "kind")
    if version is not None:
        _check_version(organisation, kind, course, version)
    if course is None:
        return
    if course.organisation_id != organisation.pk or course.kind != Kind.COURSE:
        raise InvalidInput(_("%(name)s is not a course of this organisation.") % {"name": course}, "course")
    if kind == TargetKind.COURSE:
        raise InvalidInput(_("Courses are recommended across the organisation: leave out course."), "course")


def _check_version(organisation: Organisation, kind: str, course: Activity | None, version: Version) -> None:
    if version.organisation_id != organisation.pk:
        raise InvalidInput(_("%(version)s is not a version of this organisation.") % {"version": version}, "version")
    if version.kind != kind:
        told = {"version": version, "kind": version.get_kind_display()}
        raise InvalidInput(_("%(version)s is for %(kind)s: ask it with that kind.") % told, "version")
    if version.course_id is not None and (course is None or course.pk != version.course_id):
        told = {"version": version, "course": version.course}
        raise InvalidInput(_("%(version)s is for %(course)s alone: ask it with that course.") % told, "version")


def _by_model(situation: Situation, limit: int) -> Chosen | None:
    """The strongest activities that the rules admit; None without a model, a history, or anything left."""
    for model in models_for(situation):
        history = model.indices_of(situation.history)
        if not len(history):
            continue
        try:
            scores = model.algorithm.score([history])[0]
        except Exception:  # a model must not take the page down with it: the next one, or a fallback, answers
            logger.exception("%s of organisation %s could not answer.", model.version, model.version.organisation_id)
            continue
        activities = _strongest_admitted(model, scores, situation, limit)
        if activities:
            return Chosen(activities, model=model)
    return None


def models_for(situation: Situation) -> Iterator[LiveModel]:
    """The course's own model first, then the organisation's; where a version was asked for, only that one."""
    if situation.version is not None:
        yield stored_model(situation.version)
        return
    for course in (situation.course, None) if situation.course is not None else (None,):
        model = live_model(situation.organisation, situation.kind, course)
        if model is not None:
            yield model


def _strongest_admitted(
    model: LiveModel, scores: NDArray[np.float32], situation: Situation, limit: int
) -> list[tuple[int, float]]:
    """Down the ranking to the first `limit` that the rules admit.

    Mostly they are among the strongest few, and one small query tells; else a second one asks for all.
    """
    is_new = np.ones(len(scores), bool)
    is_new[model.indices_of(situation.history)] = False  # what was met ranks high, and would fill the first query
    ranking = np.argsort(-scores, kind="stable")
    ranking = ranking[is_new[ranking]]
    ids = model.activity_ids[ranking]
    strongest = ids[: _FIRST_LOOK * limit]
    open_ids = set(admitted(situation).filter(pk__in=strongest.tolist()).values_list("pk", flat=True))
    if len(open_ids) < limit and len(strongest) < len(ids):
        open_ids = set(admitted(situation).values_list("pk", flat=True))
    places = np.flatnonzero(np.isin(ids, list(open_ids)))[:limit]
    lowest, span = float(scores.min()), float(np.ptp(scores)) or 1.0
    return [(int(ids[place]), (float(scores[ranking[place]]) - lowest) / span) for place in places]


def _by_fallback(situation: Situation, limit: int) -> Chosen:
    found = popular(situation, limit)
    return Chosen(found.activities, fallback=found.name)


def _with_reasons(chosen: Chosen, situation: Situation, after: Activity | None, explain: bool) -> list[Recommendation]:
    explained = {} if after or not explain else _explained(chosen, situation)
    wanted = {pk for pk, _strength in chosen.activities}
    if chosen.model:
        named = {c.activity_index for contributions in explained.values() for c in contributions}
        wanted |= {int(chosen.model.activity_ids[index]) for index in named}
    activities = Activity.objects.select_related("course").in_bulk(wanted)
    present = [(activities[pk], strength) for pk, strength in chosen.activities if pk in activities]
    made = []
    for rank, (activity, strength) in enumerate(present, start=1):
        reason = _reason(chosen, activity, explained.get(activity.pk, []), activities, after) if explain else None
        told = (reason.sentence, reason.activities) if reason else (None, [])
        made.append(Recommendation(activity, rank, strength, *told))
    return made


def _explained(chosen: Chosen, situation: Situation) -> dict[int, list[Contribution]]:
    """What of the history spoke for each activity; nothing where a fallback chose or the model does not say."""
    model = chosen.model
    if model is None or not model.algorithm.explains:
        return {}
    history = model.indices_of(situation.history)
    ids = np.array([pk for pk, _strength in chosen.activities], np.int64)
    try:
        return {
            int(pk): model.algorithm.explain(history, int(index), n=N_REASONS)
            for pk, index in zip(ids, model.indices_of(ids), strict=True)
        }
    except Exception:  # a recommendation without its reason is better than none
        logger.exception("%s of organisation %s could not explain.", model.version, model.version.organisation_id)
        return {}


def _reason(
    chosen: Chosen,
    activity: Activity,
    contributions: list[Contribution],
    activities: dict[int, Activity],
    after: Activity | None,
) -> Reason:
    if chosen.fallback == "first_in_your_courses":
        return explanations.first_in_course(activity)
    if chosen.model is None or chosen.source == "popularity":
        return explanations.popular(activity)
    if after is not None:
        return explanations.follows(after)
    because = explanations.because_of(contributions, chosen.model.activity_ids, activities)
    return because or explanations.usual_next_step(activity)


def _record(learner: Learner, chosen: Chosen, channel: str) -> uuid.UUID:
    impression = Impression.objects.create(
        organisation_id=learner.organisation_id,
        learner=learner,
        version=chosen.model.version if chosen.model else None,
        source=chosen.source,
        channel=channel,
        activity_ids=[pk for pk, _strength in chosen.activities],
    )
    return impression.token
