"""Two versions side by side: start, count, say when it is known which is better, stop.

The test is sequential (see `evaluation.proportions`): it may be looked at every few minutes and stopped the moment it
knows. A learner counts once, with the version of their first list, when their days are over: what was counted never
changes again, however often and by whom it is looked at.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import COMPLETING_VERBS, InvalidInput, Member, Organisation, number
from recommender.errors import RecommenderError
from recommender.evaluation.proportions import LEAST_ASKED, Sequential, sequential, wilson
from recommender.models import RECOMMENDED, Experiment, OnlineMeasure, Version
from recommender.registry import versions

ALPHA = 0.05
EVIDENCE = 1 / ALPHA
DEFAULT_DAYS: dict[str, int] = {OnlineMeasure.CLICKED: 1, OnlineMeasure.STARTED: 7, OnlineMeasure.COMPLETED: 14}
_ACTIONS = {
    OnlineMeasure.CLICKED: ["click", "start", "complete"],
    OnlineMeasure.STARTED: ["start", "complete"],
    OnlineMeasure.COMPLETED: ["complete"],
}
_COUNT = """
WITH begun AS (
    SELECT DISTINCT ON (learner_id) learner_id, version_id, at
    FROM recommender_impression
    WHERE version_id = ANY(%(versions)s) AND channel <> 'command' AND at >= %(since)s
    ORDER BY learner_id, at
)
SELECT b.version_id, count(*), count(*) FILTER (
    WHERE EXISTS (
        SELECT 1 FROM recommender_feedback f JOIN recommender_impression i ON i.id = f.impression_id
        WHERE f.learner_id = b.learner_id AND f.action = ANY(%(actions)s) AND i.version_id = b.version_id
          AND i.channel <> 'command' AND f.at >= b.at AND f.at <= b.at + make_interval(days => %(days)s))
    OR EXISTS (
        SELECT 1 FROM analytics_event e JOIN recommender_impression i ON i.learner_id = e.learner_id
        WHERE %(by_events)s AND e.learner_id = b.learner_id AND i.version_id = b.version_id
          AND i.channel <> 'command' AND i.at >= b.at AND e.activity_id = ANY(i.activity_ids)
          AND e.occurred_at > i.at AND e.occurred_at > %(since)s
          AND e.occurred_at <= b.at + make_interval(days => %(days)s)
          AND e.verb <> 'enrolled' AND (NOT %(only_completing)s OR e.verb = ANY(%(completing)s))))
FROM begun b
WHERE b.at <= %(until)s
GROUP BY 1
"""


def start_experiment(
    challenger: Version,
    *,
    share: float = 0.5,
    measure: str = OnlineMeasure.COMPLETED,
    window_days: int | None = None,
    by: Member | None = None,
) -> Experiment:
    """Let the challenger answer a share of the learners of its scope, beside the version in use.

    Args:
        challenger: of a kind that is recommended, and not in use.
        share: of the learners, 0.01 to 0.99.
        measure: what is compared: learners who did it at least once.
        window_days: that each learner has for it from their first list on, 1 to 60; None for the measure's usual.
        by: who starts it.

    Raises:
        InvalidInput: `pointer` names the parameter at fault; or an experiment of the scope runs already.
    """
    organisation = challenger.organisation
    days = window_days if window_days is not None else DEFAULT_DAYS.get(measure, 14)
    _check(challenger, share, measure, days, by)
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        control = versions.live(organisation, challenger.kind, challenger.course)
        if control is None or control == challenger:
            raise InvalidInput(
                _("A version is tried beside the one in use: %(version)s is in use itself, or nothing is.")
                % {"version": challenger},
                "challenger",
            )
        scope = {"organisation": organisation, "kind": challenger.kind, "course": challenger.course}
        if Experiment.objects.filter(**scope, stopped_at=None).exists():
            raise InvalidInput(_("Two versions are tried for this kind and course already: stop that first."))
        return Experiment.objects.create(
            **scope,
            control=control,
            challenger=challenger,
            share=share,
            measure=measure,
            window_days=days,
            salt=secrets.token_hex(8),
            started_by=by,
        )


def stop_experiment(experiment: Experiment, *, by: Member | None, why: str) -> None:
    """Everybody is answered by the version in use again.

    Raises:
        InvalidInput: it has stopped already.
    """
    running = Experiment.objects.filter(pk=experiment.pk, stopped_at=None)
    if not running.update(stopped_at=timezone.now(), stopped_by=by, why_stopped=why):
        raise InvalidInput(_("It has stopped already."))
    experiment.refresh_from_db()


def use_winner(experiment: Experiment, *, by: Member | None) -> None:
    """Put the better version into use, or leave it there; the experiment ends.

    Raises:
        InvalidInput: nothing is known yet, the experiment has stopped, or the version's files are damaged.
    """
    if experiment.winner is None or not experiment.is_running:
        raise InvalidInput(_("There is no winner to put into use: nothing is known yet, or it has stopped."))
    if experiment.winner == experiment.challenger:
        versions.promote(experiment.challenger, by=by, why=experiment.verdict)
    else:
        stop_experiment(experiment, by=by, why=experiment.verdict)
    experiment.refresh_from_db()


def count_experiment(experiment: Experiment, now: datetime | None = None) -> Experiment:
    """Count the learners whose days are over, and say what that tells. What was known once stays known."""
    now = now or timezone.now()
    counts = _counts(experiment, now)
    control, challenger = counts[experiment.control_id], counts[experiment.challenger_id]
    found = sequential(control, challenger, ALPHA)
    experiment.figures = {"control": _side(*control), "challenger": _side(*challenger)}
    if found is not None:
        experiment.figures |= {"difference": found.difference, "low": found.low, "high": found.high}
        experiment.evidence = max(experiment.evidence, found.evidence)
        if found.evidence >= EVIDENCE and experiment.decided_at is None:
            experiment.decided_at = now
            experiment.winner = experiment.challenger if found.difference > 0 else experiment.control
    experiment.verdict = _verdict(experiment, control, challenger, found)
    experiment.counted_at = now
    experiment.save(update_fields=["figures", "evidence", "decided_at", "winner", "verdict", "counted_at"])
    return experiment


def count_running(organisation: Organisation) -> int:
    """Count every experiment that runs; how many that were."""
    running = Experiment.objects.filter(organisation=organisation, stopped_at=None)
    return len([count_experiment(one) for one in running.select_related("control", "challenger", "winner")])


def _check(challenger: Version, share: float, measure: str, days: int, by: Member | None) -> None:
    if challenger.kind not in RECOMMENDED:
        raise InvalidInput(_("Only versions that recommend are tried on learners."), "challenger")
    if measure not in OnlineMeasure.values:
        words = {"known": ", ".join(OnlineMeasure.values), "got": measure}
        raise InvalidInput(_("measure must be one of %(known)s; got %(got)r.") % words, "measure")
    if not 0.01 <= share <= 0.99:
        raise InvalidInput(_("share must be from 0.01 to 0.99; got %(got)s.") % {"got": share}, "share")
    if not 1 <= days <= 60:
        raise InvalidInput(_("window_days must be from 1 to 60; got %(got)s.") % {"got": days}, "window_days")
    if by is not None and by.organisation_id != challenger.organisation_id:
        raise InvalidInput(_("%(member)s is not a member of this organisation.") % {"member": by})
    try:
        versions.loaded(challenger)
    except RecommenderError as error:
        raise InvalidInput(str(error), "challenger") from error


def _counts(experiment: Experiment, now: datetime) -> dict[int, tuple[int, int]]:
    """Hits and learners of both versions."""
    # Until every process knows of it, some learners are still answered by the other version.
    since = experiment.started_at + timedelta(seconds=settings.NEURALINK_SWAP_SECONDS + 5)
    measure = OnlineMeasure(experiment.measure)
    facts: dict[str, Any] = {
        "versions": [experiment.control_id, experiment.challenger_id],
        "since": since,
        "until": now - timedelta(days=experiment.window_days),
        "days": experiment.window_days,
        "actions": _ACTIONS[measure],
        "by_events": measure != OnlineMeasure.CLICKED,
        "only_completing": measure == OnlineMeasure.COMPLETED,
        "completing": [str(verb) for verb in COMPLETING_VERBS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, facts)
        found = {version_id: (n_hits, n) for version_id, n, n_hits in cursor.fetchall()}
    return {version_id: found.get(version_id, (0, 0)) for version_id in facts["versions"]}


def _side(n_hits: int, n: int) -> dict[str, Any]:
    share = wilson(n_hits, n)
    return {"n_learners": n, "n_hits": n_hits} | (
        {"share": share.value, "low": share.low, "high": share.high} if share else {}
    )


def _verdict(
    experiment: Experiment, control: tuple[int, int], challenger: tuple[int, int], found: Sequential | None
) -> str:
    if found is None:
        sentence = _("Not known yet: %(least)d learners on each side must have had their %(days)d days.")
        return sentence % {"least": LEAST_ASKED, "days": experiment.window_days}
    figures = _(
        "Of %(an)s learners with %(control)s %(a).1f%% %(measure)s, of %(bn)s with %(challenger)s %(b).1f%%; the "
        "difference is %(difference)+.1f points, at every look together with 95%% confidence between %(low)+.1f and "
        "%(high)+.1f."
    ) % {
        "measure": experiment.get_measure_display(),
        "a": 100 * control[0] / control[1],
        "an": number(control[1]),
        "control": experiment.control,
        "b": 100 * challenger[0] / challenger[1],
        "bn": number(challenger[1]),
        "challenger": experiment.challenger,
        "difference": 100 * found.difference,
        "low": 100 * found.low,
        "high": 100 * found.high,
    }
    if experiment.winner is None:
        return _("Not known yet which is better. %(figures)s") % {"figures": figures}
    return _("%(winner)s is better. %(figures)s") % {"winner": experiment.winner, "figures": figures}
