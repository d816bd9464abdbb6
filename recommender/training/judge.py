"""The gate: is the new model good enough to be used? Held against popularity and the version in use, on one split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.public import full_stop, number
from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.errors import InvalidConfig, NotEnoughMemory, RecommenderError, UnknownName
from recommender.evaluation.bootstrap import Comparison, compare
from recommender.evaluation.findings import Finding
from recommender.evaluation.protocol import MEASURE, Evaluation
from recommender.evaluation.segments import SEGMENTS
from recommender.models import AfterGate, Run, Version
from recommender.registry.versions import loaded, measured_per_learner

BASELINE = "popularity"
LEAST_OF_SEGMENT, LEAST_OF_COURSE = 30, 100
"""Learners: of fewer a difference is mostly chance."""
HARM_CONFIDENCE = 0.95
"""Of all groups together (Bonferroni): with forty courses one would seem harmed by chance every time."""
RESAMPLES = 10_000
COVERAGE_KEPT = 0.5

Trial = Callable[[Algorithm], Evaluation]
"""Fit on the training part of the run's split and measure on its questions."""
Groups = Mapping[str, NDArray[np.bool_]]
"""By name: which of the tested learners, shape (n_tested,)."""


@dataclass(frozen=True)
class Candidate:
    """What the gate looks at."""

    evaluation: Evaluation
    latency_ms: float  # 95 of 100 lists are scored within it
    n_bytes: int


@dataclass(frozen=True)
class Incumbent:
    """The version in use, and what is known of it on the split of the run; `remark` says what is not."""

    version: Version
    metrics: dict[str, float] | None = None
    per_learner: NDArray[np.float64] | None = None
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "version_id": self.version.pk,
            "name": str(self.version),
            "metrics": self.metrics,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Verdict:
    findings: list[Finding]
    promotes: bool
    sentence: str
    asks: bool = False  # it passed, and somebody is to decide

    @property
    def passes(self) -> bool:
        return not any(finding.is_stopping for finding in self.findings)


def incumbent_of(run: Run, version: Version | None, candidate: Evaluation, trial: Trial) -> Incumbent | None:
    """Measure the version in use on the run's questions, by the cheapest way that is fair.

    Its own files cannot be asked: it was refitted on everything, so it has seen the answers if they are older than
    it. Where it was measured on these very questions the figures stand; else its recipe is trained once more.
    """
    if version is None:
        return None
    try:
        loaded(version)
    except RecommenderError as error:
        return Incumbent(version, remark=cannot_answer(error))
    if version.run.protocol_hash == candidate.protocol_hash:
        kept = measured_per_learner(version)
        return Incumbent(version, dict(version.metrics), kept)
    if _recipe(version.run) == _recipe(run):
        return Incumbent(version, remark=_("the same algorithm and parameters, learnt from older data"))
    try:
        evaluation = trial(build(version.algorithm, version.run.config))
    except (UnknownName, InvalidConfig, NotEnoughMemory) as error:
        return Incumbent(version, remark=_("it could not be measured: %(why)s") % {"why": error})
    return Incumbent(version, evaluation.metrics, evaluation.per_learner[MEASURE])


def cannot_answer(error: RecommenderError) -> str:
    """Why a version in use is no yardstick: of another release or damaged, it is worth nothing to anybody."""
    return _("it cannot answer any more: %(why)s") % {"why": str(error).rstrip(".")}


def segments_of(evaluation: Evaluation) -> Groups:
    """The segments that have learners enough to be told apart from chance."""
    masks = {name: evaluation.segment == place for place, name in enumerate(SEGMENTS)}
    return {name: mask for name, mask in masks.items() if mask.sum() >= LEAST_OF_SEGMENT}


def judge(
    run: Run,
    candidate: Candidate,
    baseline: Evaluation,
    incumbent: Incumbent | None,
    groups: Groups,
    then: str = AfterGate.PROMOTE,
) -> Verdict:
    """No worse than popularity and than the version in use, harm to nobody, and fit to be served; `then` if so."""
    findings = [
        _better_than_popularity(candidate.evaluation, baseline),
        _better_than_incumbent(candidate.evaluation, incumbent),
        _no_harm(candidate.evaluation, incumbent, groups),
        _coverage(candidate.evaluation, incumbent),
        _latency(candidate),
        _size(candidate),
    ]
    stopping = [finding for finding in findings if finding.is_stopping]
    figures = _figures(candidate.evaluation, baseline, incumbent)
    if not stopping:
        return passed(run, findings, figures, then)
    if stopping[0].name in {"popularity", "in_use"}:
        begin = _("Not put into use, because it is worse")
    else:
        return Verdict(
            findings,
            False,
            _("Not put into use. %(why)s %(figures)s") % {"why": stopping[0].sentence, "figures": figures},
        )
    return Verdict(findings, False, _("%(begin)s: %(figures)s") % {"begin": begin, "figures": figures})


def passed(run: Run, findings: list[Finding], figures: str, then: str) -> Verdict:
    """Nothing speaks against it: what becomes of it is said by who asked for the run, then by the organisation."""
    if not run.promotes:
        begin = _("Not put into use, as asked")
    elif then == AfterGate.ASK:
        begin = _("Good enough, and waits for an administrator or model owner to put it into use")
    elif then == AfterGate.HOLD:
        begin = _("Good enough, and not put into use, because the organisation does so by hand")
    else:
        begin = _("Put into use")
    sentence = _("%(begin)s: %(figures)s") % {"begin": begin, "figures": figures}
    return Verdict(
        findings, run.promotes and then == AfterGate.PROMOTE, sentence, run.promotes and then == AfterGate.ASK
    )


def _better_than_popularity(candidate: Evaluation, baseline: Evaluation) -> Finding:
    is_passed = candidate.metrics[MEASURE] >= baseline.metrics[MEASURE]
    sentence = _("NDCG@10 is %(figure).4f, that of popularity %(baseline).4f.")
    facts = {"figure": candidate.metrics[MEASURE], "baseline": baseline.metrics[MEASURE]}
    return Finding("popularity", is_passed, sentence % facts)


def _better_than_incumbent(candidate: Evaluation, incumbent: Incumbent | None) -> Finding:
    if incumbent is None:
        return Finding("in_use", True, _("No version was in use before."))
    if incumbent.metrics is None:
        sentence = _("%(version)s in use was not compared: %(remark)s.")
        return Finding("in_use", True, sentence % {"version": incumbent.version, "remark": incumbent.remark})
    is_passed = candidate.metrics[MEASURE] >= incumbent.metrics[MEASURE]
    text = _("%(version)s in use has %(figure).4f") % {
        "version": incumbent.version,
        "figure": incumbent.metrics[MEASURE],
    }
    found = _paired(candidate, incumbent)
    if found is None:
        return Finding("in_use", is_passed, full_stop(text))
    facts = {"text": text, "mean": found.difference.mean, "low": found.difference.low, "high": found.difference.high}
    sentence = _(
        "%(text)s: the difference is %(mean)+.4f, with 95%% confidence between %(low)+.4f and %(high)+.4f (%(p)s)."
    ) % (facts | {"p": f"p = {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"})
    return Finding("in_use", is_passed, sentence)


def _no_harm(candidate: Evaluation, incumbent: Incumbent | None, groups: Groups) -> Finding:
    """No segment and no course may clearly lose, however well the others do."""
    if incumbent is None or incumbent.per_learner is None or not groups:
        return Finding("no_harm", True, _("There are no groups, or no version in use, to compare."))
    confidence = 1 - (1 - HARM_CONFIDENCE) / len(groups)
    compared = {
        name: compare(
            candidate.per_learner[MEASURE][mask],
            incumbent.per_learner[mask],
            confidence=confidence,
            n_resamples=RESAMPLES,
        )
        for name, mask in groups.items()
    }
    harmed = {name: found for name, found in compared.items() if found.is_worse}
    if not harmed:
        sentence = _("None of %(n)d groups of learners (by what they bring, by course) is worse off.")
        return Finding("no_harm", True, sentence % {"n": len(groups)})
    name, worst = min(harmed.items(), key=lambda pair: pair[1].difference.mean)
    sentence = _("%(n)d of %(all)d groups are worse off, most of all %(name)s: %(mean)+.4f for %(learners)d learners.")
    facts = {"n": len(harmed), "all": len(groups), "name": name}
    return Finding(
        "no_harm", False, sentence % (facts | {"mean": worst.difference.mean, "learners": worst.difference.n})
    )


def _coverage(candidate: Evaluation, incumbent: Incumbent | None) -> Finding:
    now = candidate.metrics["coverage_10"]
    before = (incumbent.metrics or {}).get("coverage_10") if incumbent else None
    if before is None:
        return Finding("coverage", True, _("%(now).1f%% of the activities are shown to somebody.") % {"now": 100 * now})
    sentence = _("%(now).1f%% of the activities are shown to somebody, with the version in use %(before).1f%%.")
    return Finding("coverage", now >= COVERAGE_KEPT * before, sentence % {"now": 100 * now, "before": 100 * before})


def _latency(candidate: Candidate) -> Finding:
    most = settings.NEURALINK_GATE_LATENCY_MS
    sentence = _("95 of 100 lists are scored within %(ms).1f ms; at most %(most)d ms are allowed.")
    facts = {"ms": candidate.latency_ms, "most": most}
    return Finding("latency", candidate.latency_ms <= most, sentence % facts)


def _size(candidate: Candidate) -> Finding:
    most = settings.NEURALINK_GATE_BYTES
    sentence = _("It takes %(size)s; at most %(most)s are allowed.")
    facts = {"size": filesizeformat(candidate.n_bytes), "most": filesizeformat(most)}
    return Finding("size", candidate.n_bytes <= most, sentence % facts)


def _figures(candidate: Evaluation, baseline: Evaluation, incumbent: Incumbent | None) -> str:
    return _("NDCG@10 is %(figure).4f on %(n)s learners, popularity has %(baseline).4f%(incumbent)s.") % {
        "figure": candidate.metrics[MEASURE],
        "n": number(candidate.n_learners),
        "baseline": baseline.metrics[MEASURE],
        "incumbent": _beside(candidate, incumbent),
    }


def _beside(candidate: Evaluation, incumbent: Incumbent | None) -> str:
    if incumbent is None:
        return _(", and no version was in use before")
    if incumbent.metrics is None:
        return _(", %(version)s in use was not compared (%(remark)s)") % {
            "version": incumbent.version,
            "remark": incumbent.remark,
        }
    text = _(", %(version)s in use has %(figure).4f") % {
        "version": incumbent.version,
        "figure": incumbent.metrics[MEASURE],
    }
    found = _paired(candidate, incumbent)
    if found is None:
        return text
    return text + _(" (difference %(mean)+.4f, 95%% interval %(low)+.4f to %(high)+.4f)") % {
        "mean": found.difference.mean,
        "low": found.difference.low,
        "high": found.difference.high,
    }


def _paired(candidate: Evaluation, incumbent: Incumbent) -> Comparison | None:
    per_learner = incumbent.per_learner
    if per_learner is None or len(per_learner) != candidate.n_learners:
        return None
    return compare(candidate.per_learner[MEASURE], per_learner)


def _recipe(run: Run) -> tuple[str, object]:
    """Algorithm and every parameter, also those left at their defaults."""
    try:
        return run.algorithm, algorithm_class(run.algorithm).config_class.from_dict(run.config)
    except (UnknownName, InvalidConfig):
        return run.algorithm, run.config
