"""The curve of a run: figure, sentence and table from the same points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from recommender.models import Run
from recommender.web.measures import HEADLINE, label_of, number

Point = tuple[int, float, str]
"""Step, value, and which of several fits in a row it is of."""
MOST_POINTS = 400
"""More than a chart has pixels for; longer curves are thinned, the last point kept."""


@dataclass(frozen=True)
class Chart:
    """What templates/analytics/_chart.html draws."""

    id: str
    title: str
    sentence: str
    figure: dict[str, Any]
    columns: list[str]
    rows: Sequence[tuple[str, ...]]
    size: str = "short"


def curve_charts(run: Run) -> list[Chart]:
    """Loss and validation of the run by step; a measure with fewer than two points has no chart."""
    found = []
    losses = _points(run.curve, "loss")
    if len(losses) > 1:
        n_fits = len({part for _step, _value, part in losses})
        latest = [value for _step, value, part in losses if part == losses[-1][2]]
        words = {"first": _shown(latest[0]), "last": _shown(latest[-1]), "n": losses[-1][0], "n_fits": n_fits}
        sentence = _("The loss went from %(first)s to %(last)s in %(n)s steps: lower is better.")
        if n_fits > 1:
            sentence = _("The loss of the last of %(n_fits)s fits went from %(first)s to %(last)s: lower is better.")
        found.append(_chart("loss", _("Loss"), sentence % words, losses, "var(--series-1)"))
    measured = _points(_first_of_each_epoch(run.curve), HEADLINE)
    if len(measured) > 1:
        title = _("%(measure)s on the validation part") % {"measure": label_of(HEADLINE)}
        best_step, best, _part = max(measured, key=lambda point: point[1])
        sentence = _("The best value, %(best)s, came at step %(step)s; those weights are kept.")
        words = {"best": _shown(best), "step": best_step}
        found.append(_chart("validation", title, sentence % words, measured, "var(--series-3)"))
    return found


def _points(entries: list[Mapping[str, Any]], name: str) -> list[Point]:
    points = [
        (int(entry.get("step", place)), value, str(entry.get("part", "")))
        for place, entry in enumerate(entries, start=1)
        if (value := number(entry, name)) is not None
    ]
    stride = -(-len(points) // MOST_POINTS) or 1
    return points[::-1][::stride][::-1]


def _first_of_each_epoch(curve: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """An epoch's validation is measured at its end and repeated by the entries that follow: only the first counts."""
    epochs = [entry.get("epoch") for entry in curve]
    return [entry for place, entry in enumerate(curve) if place == 0 or epochs[place] != epochs[place - 1]]


def _chart(name: str, title: str, sentence: str, points: list[Point], colour: str) -> Chart:
    steps: list[int | None] = []
    values: list[float | None] = []
    for (step, value, part), (_step, _value, before) in zip(points, points[:1] + points, strict=False):
        # Nothing leads from the end of one fit to the beginning of the next: the line breaks.
        steps += [step] if part == before else [None, step]
        values += [value] if part == before else [None, value]
    axis = {"gridcolor": "var(--line)", "zeroline": False, "linecolor": "var(--line)", "fixedrange": True}
    figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "lines" if len(points) > 40 else "lines+markers",
                "x": steps,
                "y": values,
                "line": {"color": colour, "width": 2},
                "hovertemplate": f"{_('Step')} %{{x}}: %{{y:.4f}}<extra></extra>",
            }
        ],
        "layout": {
            "margin": {"l": 56, "r": 12, "t": 8, "b": 40},
            "height": 220,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "var(--text-soft)", "size": 12},
            "showlegend": False,
            "xaxis": axis | {"title": {"text": _("Step")}},
            "yaxis": axis | {"tickformat": ".3~g"},
        },
    }
    rows = [(str(step), _shown(value)) for step, value, _part in points]
    return Chart(f"chart-{name}", title, sentence, figure, [_("Step"), title], rows)


def _shown(value: float) -> str:
    # Rounded here, because number_format cuts off what it does not show.
    digits = 4 if abs(value) < 100 else 1
    return number_format(f"{value:.{digits}f}", decimal_pos=digits)
