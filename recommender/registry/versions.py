"""Versions: register a trained model, put it into use, roll back. The log of promotions is only ever added to.

Whoever changes something here first locks the organisation's row, so that two promotions (or two trainings that
end together) come one after the other. The lock leaves the row's key alone: imports go on meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.public import Activity, InvalidInput, Member, Organisation
from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import algorithm_class
from recommender.errors import RecommenderError
from recommender.models import (
    Decision,
    Experiment,
    Promotion,
    PromotionAction,
    Proposal,
    Run,
    TargetKind,
    Version,
)
from recommender.outcomes.base import Predictor
from recommender.outcomes.catalogue import predictor_class
from recommender.registry import artifacts

MEASURED = "measured_per_learner"
"""Array of a version's folder beside the algorithm's own."""


@dataclass(frozen=True)
class Trained:
    """A fitted algorithm or predictor with what is needed to use it elsewhere."""

    algorithm: Algorithm | Predictor
    activity_ids: NDArray[np.int64]  # (n_activities,) database id behind each index
    n_learners: int

    @property
    def manifest(self) -> dict[str, object]:
        return {
            "algorithm": self.algorithm.name,
            "config": self.algorithm.config.as_dict(),
            "n_learners": self.n_learners,
            "n_activities": len(self.activity_ids),
        }


def data_folder() -> Path:
    """Where the folders of all versions are below."""
    return Path(settings.HOME)


def folder_of(version: Version) -> Path:
    return data_folder() / version.folder


def register(
    run: Run, trained: Trained, metrics: Mapping[str, float], measured: NDArray[np.floating] | None = None
) -> Version:
    """Store what a run has trained, under the organisation's next number; once: a second call finds the first's.

    `measured` (shape (n_tested,)) is the measure that decides, learner by learner, for the next one to be held against.
    """
    with transaction.atomic():
        organisation = _locked(run.organisation_id)
        found = Version.objects.filter(run=run).first()
        if found is not None:
            return found
        newest = Version.objects.filter(organisation=organisation).order_by("-number").first()
        number = newest.number + 1 if newest else 1
        folder = Path("versions", organisation.slug, str(number))
        path = data_folder() / folder
        # Left by processes that died while writing, or before they committed. No row can name it: we hold the lock.
        for left in (path, *path.parent.glob(f".{number}.*.part")):
            shutil.rmtree(left, ignore_errors=True)
        arrays = trained.algorithm.state() | {"activity_ids": trained.activity_ids}
        if measured is not None:
            arrays[MEASURED] = measured.astype(np.float32)
        origin = {"organisation": organisation.slug, "run_id": run.pk, "kind": run.kind, "course_id": run.course_id}
        sha256 = artifacts.write(path, arrays, trained.manifest | origin)
        return Version.objects.create(
            organisation=organisation,
            run=run,
            kind=run.kind,
            course=run.course,
            algorithm=run.algorithm,
            number=number,
            folder=str(folder),
            manifest_sha256=sha256,
            n_bytes=sum(file.stat().st_size for file in path.iterdir()),
            metrics=dict(metrics),
        )


def live(organisation: Organisation, kind: str, course: Activity | None = None) -> Version | None:
    """The version in use for exactly this scope."""
    latest = _log(organisation, kind, course).select_related("version").last()
    return latest.version if latest else None


def in_use_before(organisation: Organisation, kind: str, course: Activity | None = None) -> list[Version]:
    """What a roll back would bring back, nearest first; the version in use now is not among it.

    A roll back undoes the promotions after its version, so that a second one goes further back and not forth.
    """
    stack: list[Version] = []
    for promotion in _log(organisation, kind, course).select_related("version"):
        if promotion.action == PromotionAction.ROLL_BACK and promotion.version in stack:
            del stack[stack.index(promotion.version) :]
        stack.append(promotion.version)
    return [version for version in stack[-2::-1] if version != stack[-1]]


def promote(version: Version, *, by: Member | None, why: str) -> Promotion:
    """Put a version into use for its scope.

    Raises:
        InvalidInput: it is in use already, its files are damaged, or `by` belongs to another organisation.
    """
    with transaction.atomic():
        _locked(version.organisation_id)
        current = live(version.organisation, version.kind, version.course)
        if current == version:
            raise InvalidInput(_("%(version)s is in use already.") % {"version": version}, "version")
        return _put_into_use(version, PromotionAction.PROMOTE, by=by, why=why, previous=current)


def roll_back(
    organisation: Organisation, kind: str, course: Activity | None = None, *, by: Member | None, why: str
) -> Promotion:
    """Put the version that was in use before into use again.

    Raises:
        InvalidInput: there was none, its files are damaged, or `by` belongs to another organisation.
    """
    with transaction.atomic():
        _locked(organisation.pk)
        earlier = in_use_before(organisation, kind, course)
        if not earlier:
            raise InvalidInput(_("No other version was in use here before, so there is nothing to roll back to."))
        current = live(organisation, kind, course)
        return _put_into_use(earlier[0], PromotionAction.ROLL_BACK, by=by, why=why, previous=current)


def open_artifact(version: Version, *, verify: bool = True) -> artifacts.Artifact:
    """The files of a version, memory-mapped.

    Raises:
        CorruptArtifact: they are not what was registered.
        IncompatibleArtifact: this release cannot read them.
    """
    return artifacts.read(folder_of(version), verify=verify, sha256=version.manifest_sha256)


def loaded(version: Version) -> tuple[Algorithm, NDArray[np.int64]]:
    """The algorithm on its memory-mapped arrays, and the database id behind each activity index.

    Raises:
        RecommenderError: damaged, or of another release.
    """
    artifact = open_artifact(version)
    # As plain arrays on the same mapped memory: slicing a numpy.memmap object costs ten times as much.
    arrays = {name: np.asarray(array) for name, array in artifact.arrays.items()}
    algorithm = algorithm_class(artifact.manifest["algorithm"]).from_state(artifact.manifest["config"], arrays)
    return algorithm, arrays["activity_ids"].astype(np.int64, copy=False)


def loaded_predictor(version: Version) -> Predictor:
    """The predictor of a version of kind `outcome`.

    Raises:
        RecommenderError: damaged, or of another release.
    """
    artifact = open_artifact(version)
    arrays = {name: np.asarray(array) for name, array in artifact.arrays.items()}
    return predictor_class(artifact.manifest["algorithm"]).from_state(artifact.manifest["config"], arrays)


def measured_per_learner(version: Version) -> NDArray[np.float64] | None:
    """What `register` was given as `measured`; None where the files are damaged or older than that."""
    try:
        found = open_artifact(version, verify=False).arrays.get(MEASURED)
    except RecommenderError:
        return None
    return None if found is None else np.asarray(found, np.float64)


def _put_into_use(
    version: Version, action: PromotionAction, *, by: Member | None, why: str, previous: Version | None
) -> Promotion:
    if by is not None and by.organisation_id != version.organisation_id:
        raise InvalidInput(
            _("%(member)s belongs to another organisation than %(version)s.")
            % {
                "member": by,
                "version": version,
            }
        )
    try:
        loaded_predictor(version) if version.kind == TargetKind.OUTCOME else loaded(version)
    except RecommenderError as error:
        raise InvalidInput(str(error), "version") from error
    # What was compared is not what serves any more.
    why_stopped = _("%(version)s was put into use.") % {"version": version}
    scope = {"organisation": version.organisation_id, "kind": version.kind, "course": version.course_id}
    Experiment.objects.filter(**scope, stopped_at=None).update(
        stopped_at=timezone.now(), stopped_by=by, why_stopped=why_stopped
    )
    _answer_proposals(version, by, why, why_stopped)
    return Promotion.objects.create(
        organisation_id=version.organisation_id,
        kind=version.kind,
        course=version.course,
        version=version,
        previous=previous,
        action=action,
        by=by,
        why=why,
    )


def _answer_proposals(version: Version, by: Member | None, why: str, why_not: str) -> None:
    """The version's own is accepted, whoever put it into use; what else waits in the scope has lost its question."""
    same = Version.objects.filter(organisation=version.organisation_id, kind=version.kind, course=version.course_id)
    waiting = Proposal.objects.filter(version__in=same, decision="")
    answer = {"decided_at": timezone.now(), "by": by}
    waiting.filter(version=version).update(decision=Decision.ACCEPTED, why=why, **answer)
    waiting.exclude(version=version).update(decision=Decision.SUPERSEDED, why=why_not, **answer)


def _locked(organisation_id: int) -> Organisation:
    return Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)


def _log(organisation: Organisation, kind: str, course: Activity | None) -> models.QuerySet[Promotion]:
    return Promotion.objects.filter(organisation=organisation, kind=kind, course=course).order_by("id")
