"""The gate for predictors: no worse than the logistic line and the version in use, and no less fair to any group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from analytics.public import full_stop, number
from recommender.evaluation.findings import Finding
from recommender.evaluation.outcome_protocol import OutcomeEvaluation, auc_difference
from recommender.models import AfterGate, Run, Version
from recommender.training.judge import Verdict, passed

MEASURE = "roc_auc"
GAP_TOLERANCE = 0.02
"""By so much a gap between groups may grow: resampling alone moves it about as far on a thousand learners."""


@dataclass(frozen=True)
class InUse:
    """The version in use as measured on the questions of this run; `remark` says why it was not."""

    version: Version
    metrics: dict[str, float] | None = None
    evaluation: OutcomeEvaluation | None = None
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "version_id": self.version.pk,
            "name": str(self.version),
            "metrics": self.metrics,
            "remark": self.remark,
        }


def judge_outcomes(
    run: Run,
    candidate: OutcomeEvaluation,
    baseline: OutcomeEvaluation,
    in_use: InUse | None,
    then: str = AfterGate.PROMOTE,
) -> Verdict:
    """Better or equal, and fair: then it may be used, and `then` says what becomes of it."""
    yardstick = in_use.metrics if in_use and in_use.metrics else baseline.metrics
    findings = [
        _better_than_line(candidate, baseline),
        _better_than_in_use(candidate, in_use),
        _no_less_fair("group_error_gap", _("error rates"), candidate, yardstick),
        _no_less_fair("group_calibration_gap", _("calibration"), candidate, yardstick),
    ]
    stopping = [finding for finding in findings if finding.is_stopping]
    figures = _("ROC-AUC is %(figure).4f on %(n)s learners, the logistic line has %(baseline).4f.") % {
        "figure": candidate.metrics[MEASURE],
        "n": number(candidate.n_learners),
        "baseline": baseline.metrics[MEASURE],
    }
    if stopping:
        why = {"why": stopping[0].sentence, "figures": figures}
        return Verdict(findings, False, _("Not put into use. %(why)s %(figures)s") % why)
    return passed(run, findings, f"{figures} {findings[1].sentence}", then)


def _better_than_line(candidate: OutcomeEvaluation, baseline: OutcomeEvaluation) -> Finding:
    own, line = candidate.metrics[MEASURE], baseline.metrics[MEASURE]
    sentence = _("ROC-AUC is %(own).4f, that of the logistic line %(line).4f.") % {"own": own, "line": line}
    return Finding("logistic", own >= line, sentence)


def _better_than_in_use(candidate: OutcomeEvaluation, in_use: InUse | None) -> Finding:
    if in_use is None:
        return Finding("in_use", True, _("No version was in use before."))
    if in_use.metrics is None:
        sentence = _("%(version)s in use was not compared: %(remark)s.")
        return Finding("in_use", True, sentence % {"version": in_use.version, "remark": in_use.remark})
    figure = in_use.metrics[MEASURE]
    text = _("%(version)s in use has %(figure).4f") % {"version": in_use.version, "figure": figure}
    if in_use.evaluation is not None:
        low, high = auc_difference(candidate, in_use.evaluation)
        text = _("%(text)s, with 95%% confidence the difference is between %(low)+.4f and %(high)+.4f") % {
            "text": text,
            "low": low,
            "high": high,
        }
    return Finding("in_use", candidate.metrics[MEASURE] >= figure, full_stop(text))


def _no_less_fair(gap: str, what: str, candidate: OutcomeEvaluation, yardstick: dict[str, float]) -> Finding:
    own, other = candidate.metrics.get(gap), yardstick.get(gap)
    if own is None or other is None:
        return Finding(gap, True, _("No two groups are large enough to compare their %(what)s.") % {"what": what})
    sentence = _("The largest gap between groups in %(what)s goes from %(other).3f to %(own).3f.")
    return Finding(gap, own <= other + GAP_TOLERANCE, sentence % {"what": what, "other": other, "own": own})
