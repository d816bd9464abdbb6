"""Ask for a training or a search: what can be checked before it begins is checked here, once for all callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Activity, InvalidInput, Kind, Member, Organisation, wake
from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class, build
from recommender.errors import InvalidConfig, UnknownName
from recommender.models import RECOMMENDED, Run, Search, TargetKind
from recommender.outcomes.catalogue import PREDICTORS, build_predictor
from recommender.training.estimate import Estimate, estimate

MAX_SEED = 2**31 - 1


def estimated(
    organisation: Organisation,
    algorithm: str,
    *,
    kind: str = TargetKind.ANY,
    course: Activity | None = None,
    config: Mapping[str, object] | None = None,
) -> Estimate:
    """What a run that `start_run` is asked for in these words would cost.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    kind = checked_kind(organisation, algorithm, kind, course, config or {})
    return estimate(organisation, algorithm, kind=kind, course=course, config=config)


def checked_kind(
    organisation: Organisation,
    algorithm: str,
    kind: str,
    course: Activity | None,
    config: Mapping[str, object],
    requested_by: Member | None = None,
) -> str:
    """What is to be trained, if it can be: predictors have a kind of their own, whatever was asked for.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    is_predictor = algorithm in PREDICTORS
    if kind == TargetKind.OUTCOME and algorithm in ALGORITHMS:
        raise InvalidInput(_("%(name)s recommends and predicts no outcomes.") % {"name": algorithm}, "kind")
    kind = TargetKind.OUTCOME if is_predictor else kind
    _check_scope(organisation, kind, course, requested_by)
    _check_algorithm(algorithm, config, build_predictor if is_predictor else build)
    return kind


def start_run(
    organisation: Organisation,
    algorithm: str,
    *,
    kind: str = TargetKind.ANY,
    course: Activity | None = None,
    config: Mapping[str, object] | None = None,
    seed: int = 0,
    promotes: bool = True,
    override: str = "",
    why: str = "",
    budget_seconds: int | None = None,
    requested_by: Member | None = None,
    wakes_worker: bool = True,
) -> Run:
    """Put a run into the queue and wake a worker.

    Args:
        organisation: whose interactions it learns from.
        algorithm: a name of the catalogue.
        kind: what it is to recommend, `any` or `course`; predictors of outcomes have a kind of their own.
        course: with `any`: only the activities of this course.
        config: parameters that differ from the algorithm's defaults.
        seed: fixes everything drawn, 0 to 2**31 - 1.
        promotes: put the version into use if it is no worse.
        why: what starts it, where nobody asks.
        budget_seconds: time of both fits together, 10 to NEURALINK_TRAIN_SECONDS; None for that limit.
        override: why it shall train although the checks of the data would stop it; empty lets them.
        requested_by: who asks.
        wakes_worker: False where the caller works on it at once; the sweeper finds it if the caller dies.

    Raises:
        InvalidInput: `pointer` names the parameter at fault; or a run of the same scope is not finished.
    """
    kind = checked_kind(organisation, algorithm, kind, course, config or {}, requested_by)
    _check_seed(seed)
    check_budget(budget_seconds)
    with transaction.atomic():
        # Two requests at once: the second waits here, and then sees the first one's run.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        open_run = Run.objects.unfinished().filter(organisation=organisation, kind=kind, course=course).first()
        if open_run is not None:
            raise InvalidInput(
                _("Run %(run)s of the same kind and course is still %(state)s: wait for its end or cancel it.")
                % {"run": open_run, "state": open_run.get_state_display().lower()}
            )
        run = Run.objects.create(
            organisation=organisation,
            algorithm=algorithm,
            config=dict(config or {}),
            kind=kind,
            course=course,
            seed=seed,
            promotes=promotes,
            override=override.strip(),
            why=why,
            budget_seconds=budget_seconds,
            requested_by=requested_by,
            woken_at=None if wakes_worker else timezone.now(),
        )
        if wakes_worker:
            wake(run)
    return run


def start_search(
    organisation: Organisation,
    algorithm: str,
    *,
    budget_seconds: float,
    kind: str = TargetKind.ANY,
    course: Activity | None = None,
    seed: int = 0,
    requested_by: Member | None = None,
    wakes_worker: bool = True,
) -> Search:
    """Put a search for good parameters into the queue and wake a worker.

    Args:
        organisation: whose interactions the trials learn from.
        algorithm: a name of the catalogue, with parameters to search.
        budget_seconds: no trial begins after so much time has gone into trials; 1 to NEURALINK_SEARCH_SECONDS.
        kind: what is recommended, `any` or `course`.
        course: with `any`: only the activities of this course.
        seed: fixes what is drawn, 0 to 2**31 - 1.
        requested_by: who asks.
        wakes_worker: False where the caller works on it at once; the sweeper finds it if the caller dies.

    Raises:
        InvalidInput: `pointer` names the parameter at fault; or a search of the same algorithm is not finished.
    """
    _check_scope(organisation, kind, course, requested_by, RECOMMENDED)
    _check_seed(seed)
    _check_algorithm(algorithm, {}, build)
    if not algorithm_class(algorithm).config_class.searched():
        raise InvalidInput(_("%(name)s has no parameters to search.") % {"name": algorithm}, "algorithm")
    most = settings.NEURALINK_SEARCH_SECONDS
    if not 1 <= budget_seconds <= most:
        raise InvalidInput(
            _("budget_seconds must be from 1 to %(most)d; got %(got)r.") % {"most": most, "got": budget_seconds},
            "budget_seconds",
        )
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        unfinished = Search.objects.unfinished().filter(organisation=organisation, algorithm=algorithm).first()
        if unfinished is not None:
            raise InvalidInput(
                _("%(search)s is still %(state)s: wait for its end or cancel it.")
                % {"search": unfinished, "state": unfinished.get_state_display().lower()}
            )
        search = Search.objects.create(
            organisation=organisation,
            algorithm=algorithm,
            kind=kind,
            course=course,
            seed=seed,
            budget_seconds=budget_seconds,
            requested_by=requested_by,
            woken_at=None if wakes_worker else timezone.now(),
        )
        if wakes_worker:
            wake(search)
    return search


def _check_scope(
    organisation: Organisation,
    kind: str,
    course: Activity | None,
    requested_by: Member | None,
    kinds: Sequence[str] = TargetKind.values,
) -> None:
    if kind not in kinds:
        raise InvalidInput(
            _("kind must be one of %(kinds)s; got %(got)r.") % {"kinds": ", ".join(kinds), "got": kind}, "kind"
        )
    if course is not None and kind == TargetKind.OUTCOME:
        raise InvalidInput(_("Outcomes are predicted across all courses: leave out course."), "course")
    if course is not None and kind == TargetKind.COURSE:
        raise InvalidInput(_("Courses are recommended across the organisation: leave out course."), "course")
    if course is not None and (course.organisation_id != organisation.pk or course.kind != Kind.COURSE):
        raise InvalidInput(_("%(name)s is not a course of this organisation.") % {"name": course}, "course")
    if requested_by is not None and requested_by.organisation_id != organisation.pk:
        raise InvalidInput(_("%(member)s is not a member of this organisation.") % {"member": requested_by})


def _check_seed(seed: int) -> None:
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise InvalidInput(
            _("seed must be a whole number from 0 to %(limit)d; got %(got)r.") % {"limit": MAX_SEED, "got": seed},
            "seed",
        )


def check_budget(budget_seconds: int | None) -> None:
    """Whether a run may have so much time.

    Raises:
        InvalidInput: it may not; `pointer` is `budget_seconds`.
    """
    most = settings.NEURALINK_TRAIN_SECONDS
    if budget_seconds is not None and not 10 <= budget_seconds <= most:
        raise InvalidInput(
            _("budget_seconds must be from 10 to %(most)d; got %(got)r.") % {"most": most, "got": budget_seconds},
            "budget_seconds",
        )


def _check_algorithm(
    algorithm: str, config: Mapping[str, object], build_one: Callable[[str, Mapping[str, object]], object]
) -> None:
    try:
        build_one(algorithm, config)
    except UnknownName as error:
        raise InvalidInput(str(error), "algorithm") from error
    except InvalidConfig as error:
        raise InvalidInput(str(error), f"config/{error.parameter}") from error
