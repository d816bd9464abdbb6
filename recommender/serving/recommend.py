"""What a learner could do next: candidates -> score -> rules -> diversity -> top n -> reasons.

Page, API and command all call `recommend`; sessions, similar and popular activities go the same way. With a warm
process it makes one query, however long the list and the history are:

1. `situation`: what the learner met up to this event, where they are enrolled, what they said to earlier lists;
2. `scoring`: how strongly the model in use speaks for what is in reach, boosted and lowered;
3. `candidates`: its strongest, and what other sources put forward;
4. `rules`: which of them may be recommended now;
5. `variety`: no course fills the list;
6. `reasons`: what of the learner's own events spoke for each;
7. `shown`: the list gets its names, and is kept under its token a moment later.

Where no model can answer, `popular` does, and the answer names it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.utils.translation import gettext as _

from analytics.public import Activity, InvalidInput, Kind, Learner, Organisation
from recommender.models import RECOMMENDED, TargetKind, Version
from recommender.serving.answers import Answer, Recommendation
from recommender.serving.choose import chosen_for
from recommender.serving.live import live_model
from recommender.serving.personal import Named
from recommender.serving.reasons import causes_of, with_reasons
from recommender.serving.shown import named, shown_to
from recommender.serving.situation import Situation, situation_of, situation_of_session
from recommender.serving.write_behind import keep

__all__ = [
    "Answer",
    "Recommendation",
    "popular_now",
    "recommend",
    "recommend_for_session",
    "similar_to",
    "versions_answering",
]


def recommend(
    learner: Learner | Named,
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
        learner: who asks, read or only named; their organisation's models, activities and clock are used.
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
        Learner.DoesNotExist: there is none of that name.
    """
    _check(learner.organisation, limit, kind, course, version)
    situation = situation_of(learner, kind=kind, course=course, exclude=exclude, context=context, version=version)
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
    situation = situation_of_session(organisation, history, kind=kind, course=course, exclude=exclude, version=version)
    return _answer(situation, limit, channel=None, explain=explain)


def similar_to(activity: Activity, *, limit: int = 10) -> Answer:
    """What the model says next to somebody who has met this activity alone; the same for everybody.

    Raises:
        InvalidInput: `limit` is less than 1.
    """
    organisation, kind = activity.organisation, TargetKind.COURSE if activity.kind == Kind.COURSE else TargetKind.ANY
    _check(organisation, limit, kind, None)
    situation = situation_of_session(organisation, [activity.external_id], kind=kind, course=None, exclude=())
    return _answer(situation, limit, channel=None, after=activity)


def versions_answering(organisation: Organisation) -> tuple[int | None, ...]:
    """Ids of the versions that `similar_to` asks; no query but those of what is in use for activities and courses."""
    models = [live_model(organisation, kind) for kind in (TargetKind.ANY, TargetKind.COURSE)]
    return tuple(model.version.pk if model else None for model in models)


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


def _answer(
    situation: Situation, limit: int, *, channel: str | None, after: Activity | None = None, explain: bool = True
) -> Answer:
    """Choose, explain and, where there is a channel, keep what was shown; `after` is the one that all is similar to."""
    chosen = chosen_for(situation, limit)
    causes = None if not explain else {} if after else causes_of(chosen, situation)
    causing = {pk for each in (causes or {}).values() for pk in each}
    activities = named(situation.organisation, {one.activity_id for one in chosen.candidates} | causing)
    token = None
    if channel and situation.learner and chosen.candidates:
        shown = shown_to(situation.learner, situation, chosen, channel)
        keep(shown)
        token = uuid.UUID(shown.token)
    recommendations = with_reasons(chosen, activities, causes, after)
    version = chosen.model.version if chosen.model else None
    return Answer(token, situation.learner, chosen.source, version, chosen.fallback, recommendations)


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
