"""The chart of an answer of Explore: lines, bars, a heat map or the table alone, all from the same cells."""

from __future__ import annotations

from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.aggregates.explore.answers import ORDERS, Answer
from analytics.aggregates.explore.cells import Cell
from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.question import Question
from analytics.aggregates.measures import MEASURES
from analytics.charts.chart import HEAT, NOTHING, PALE, SERIES, Chart, day, distinct, layout, mondays, named_at_end
from analytics.words import number, percent

MOST_LINES = len(SERIES)
HIDDEN = "×"
FEW_POINTS = 40
DATED = {"day", "week", "month", "start"}
NAMED = {"course", "kind", "verb", "run", "outcome", "level"}
"""Dimensions whose bars lie across, with their names beside them: below them names would stand aslant."""
BAR_PIXELS, NAME_PIXELS = 14, 26
TABLE_CELLS = 2000
"""Most of a page's table; writing five thousand rows took half a second."""
MIDDLE_PIXELS, TALL_PIXELS = 240, 352
"""Heights of .chart-canvas and of its taller kind in site.css."""
COLUMN_WORDS = {
    "mean": gettext_lazy("Mean"),
    "deviation": gettext_lazy("Standard deviation"),
    "least": gettext_lazy("Minimum"),
    "p10": gettext_lazy("10th percentile"),
    "p25": gettext_lazy("25th percentile"),
    "median": gettext_lazy("Median"),
    "p75": gettext_lazy("75th percentile"),
    "p90": gettext_lazy("90th percentile"),
    "most": gettext_lazy("Maximum"),
}


def explored(answer: Answer, id_: str = "explored") -> Chart:
    kind = kind_of(answer)
    draw = {"line": _lines, "bar": _bars, "heat": _heat}.get(kind, _lines)
    columns, rows, n_cut = table_of(answer)
    figure = {"data": [], "layout": layout()} if kind == "table" else draw(answer)
    return Chart(
        id_,
        title_of(answer.question),
        sentence_of(answer),
        figure,
        columns,
        rows,
        size=_size(figure),
        n_cut=n_cut,
        has_data=kind != "table" and any(_drawn(cell) is not None for cell in answer.cells),
    )


def _size(figure: dict[str, Any]) -> str:
    """The place that is kept for a figure until it is drawn; one without a height of its own fills it."""
    height = figure["layout"].get("height", MIDDLE_PIXELS)
    return "short" if height < MIDDLE_PIXELS else "tall" if height >= TALL_PIXELS else ""


def kind_of(answer: Answer) -> str:
    question = answer.question
    if question.chart != "auto":
        return question.chart
    is_of_times = bool(question.split) and BY[question.split].is_time and not BY[question.by].is_time
    if is_of_times or len(answer.splits()) > MOST_LINES:
        return "heat"
    return "line" if BY[question.by].is_time and question.by not in {"weekday", "hour"} else "bar"


def marked(answer: Answer) -> str:
    """What is dotted or pale in the chart, and why; nothing where nothing is."""
    drawn = _series(answer) if kind_of(answer) in {"line", "bar"} else []
    pairs = [pair for _name, keys, values in drawn for pair in zip(keys, values, strict=True)]
    if not any(value is not None and answer.is_partial(key) for key, value in pairs):
        return ""
    return _("Dotted or pale: the period holds only a part of it, or it is not over yet.")


def title_of(question: Question) -> str:
    by = str(BY[question.by].label).lower()
    measure = MEASURES[question.measure].label
    if question.split:
        return _("%(measure)s by %(by)s and %(split)s") % {
            "measure": measure,
            "by": by,
            "split": str(BY[question.split].label).lower(),
        }
    if question.shown == "statistics":
        return _("%(measure)s per learner by %(by)s") % {"measure": measure, "by": by}
    return _("%(measure)s by %(by)s") % {"measure": measure, "by": by}


def sentence_of(answer: Answer) -> str:
    known = [cell for cell in answer.cells if _drawn(cell)]
    if not known:
        return _("Nothing in this period, or nothing that may be shown.")
    top = max(known, key=lambda cell: _drawn(cell) or 0)
    where = answer.word(answer.question.by, top.key)
    if answer.question.by == "week":
        where = _("the week of %(day)s") % {"day": where}
    if answer.question.split:
        where = f"{where}, {answer.word(answer.question.split, top.split)}"
    said = {"where": where, "value": written(answer, _drawn(top))}
    if answer.question.shown == "statistics":
        return _("The mean is largest for %(where)s: %(value)s.") % said
    before = answer.value_before(answer.cells.index(top), top.key)
    if before is None:
        return _("Most: %(where)s with %(value)s.") % said
    said["before"] = written(answer, before)
    return _("Most: %(where)s with %(value)s; in the period before %(before)s.") % said


def answer_of(answer: Answer) -> str:
    """What the question has found, in one sentence: how much in all, against the period before, and where most is."""
    top = sentence_of(answer)
    total = answer.total
    if total is None or not any(_drawn(cell) for cell in answer.cells):
        return top
    period = answer.question.period
    said = {
        "measure": answer.measure.label,
        "total": written(answer, total),
        "first": day(period.first_on),
        "last": day(period.last_on),
        "top": top,
        "change": "",
    }
    before = sum(value or 0.0 for value in answer.before.values())
    if before:
        said["change"] = _(" (%(change)s against the period before)") % {"change": signed_share(total / before - 1)}
    return _("%(measure)s from %(first)s to %(last)s: %(total)s%(change)s. %(top)s") % said


def signed_share(change: float) -> str:
    return f"{'+' if change > 0 else ''}{percent(change, 0 if abs(change) >= 0.1 else 1)}"


def written(answer: Answer, value: float | None) -> str:
    if value is None:
        return NOTHING
    if answer.measure.unit == "share":
        return percent(value, 1)
    return number(value, 0 if value == int(value) else 1)


def table_of(answer: Answer) -> tuple[list[str], list[list[str]], int]:
    """Heads and rows, as the CSV has them, and how many rows are left to it: a page is read, not filed."""
    question = answer.question
    heads = [str(BY[question.by].label), *([str(BY[question.split].label)] if question.split else [])]
    if question.shown == "statistics":
        heads += [_("Learners"), *(str(COLUMN_WORDS[name]) for name in answer.columns)]
    else:
        heads += [str(answer.measure.label)]
    if answer.before:
        heads += [_("Period before")]
    n_rows = max(TABLE_CELLS // len(heads), 1)
    rows = [_row(answer, place, cell) for place, cell in enumerate(answer.cells[:n_rows])]
    return heads, rows, len(answer.cells) - len(rows)


def _row(answer: Answer, place: int, cell: Cell) -> list[str]:
    question = answer.question
    word = answer.word(question.by, cell.key)
    row = [_("%(when)s (not whole)") % {"when": word} if answer.is_partial(cell.key) else word]
    if question.split:
        row.append(answer.word(question.split, cell.split))
    if question.shown == "statistics":
        row.append(HIDDEN if cell.is_hidden else number(cell.n_learners or 0))
    row += [HIDDEN if cell.is_hidden else written(answer, cell.values[name]) for name in answer.columns]
    if answer.before:
        row.append(written(answer, answer.value_before(place, cell.key)))
    return row


def _drawn(cell: Cell) -> float | None:
    return cell.values.get("mean", cell.values.get("value"))


def _x(answer: Answer, name: str, keys: list[Any]) -> list[str]:
    """Places of the dimension's keys on an axis."""
    if name in DATED:
        return [key.isoformat() if key is not None else "" for key in keys]
    if name == "weekday":
        return [str(WEEKDAYS_ABBR[key - 1]) for key in keys]
    return distinct([answer.word(name, key) for key in keys])


def _axes(answer: Answer, **more: Any) -> dict[str, Any]:
    axis = _axis(answer.question.by, answer.keys())
    return layout(xaxis=axis, yaxis={"rangemode": "tozero"} | _scale(answer), **more)


def _scale(answer: Answer) -> dict[str, Any]:
    return {"tickformat": ".0%"} if answer.measure.unit == "share" else {}


def _hover(answer: Answer, axis: str = "y") -> str:
    """The browser writes the value: of thousands of cells nobody points at most."""
    return f"%{{{axis}:{'.1%' if answer.measure.unit == 'share' else ',.1~f'}}}"


def _axis(name: str, keys: list[Any]) -> dict[str, Any]:
    weeks = [key for key in keys if key is not None]
    if name == "week" and weeks:
        return mondays(weeks)
    if name == "hour":
        return {"type": "category", "dtick": 3, "tickangle": 0}
    return {"type": "date"} if name in DATED else {"type": "category"}


def _series(answer: Answer) -> list[tuple[str, list[Any], list[float | None]]]:
    """Name, keys and values of each line: the largest, no more than there are colours; by size, or in their order."""
    question = answer.question
    found = []
    for split in answer.splits():
        cells = [cell for cell in answer.cells if cell.split == split]
        name = answer.word(question.split, split) if question.split else str(answer.measure.label)
        found.append((name, [cell.key for cell in cells], [_drawn(cell) for cell in cells]))
    largest = sorted(found, key=lambda line: -sum(value or 0 for value in line[2]))[:MOST_LINES]
    has_order = question.split in ORDERS or (question.split and BY[question.split].is_time)
    return [line for line in found if line in largest] if has_order else largest


def _lines(answer: Answer) -> dict[str, Any]:
    traces = [
        trace
        for line, colour in zip(_series(answer), SERIES, strict=False)
        for trace in _solid_and_dotted(answer, *line, colour)
    ]
    drawn = [*traces, *_before(answer)]
    is_one = len(answer.splits()) < 2 and not answer.before
    return {"data": drawn, "layout": _axes(answer, **({"showlegend": False} if is_one else named_at_end(drawn)))}


def _solid_and_dotted(
    answer: Answer, name: str, keys: list[Any], values: list[float | None], colour: str
) -> list[dict[str, Any]]:
    """A line; what leads to a day, week or month that is not whole is dotted, because it would look like a fall."""
    is_partial = [answer.is_partial(key) for key in keys]
    line = {
        "type": "scatter",
        "mode": "lines+markers" if len(keys) < FEW_POINTS else "lines",
        "name": name,
        "legendgroup": name,
        "x": _x(answer, answer.question.by, keys),
        "y": [None if partial else value for value, partial in zip(values, is_partial, strict=True)],
        "line": {"color": colour, "width": 2},
        "hovertemplate": _hover(answer),
        "connectgaps": False,
    }
    if not any(is_partial):
        return [line]
    beside = [any(is_partial[max(place - 1, 0) : place + 2]) for place in range(len(keys))]
    dotted = {
        "y": [value if near else None for value, near in zip(values, beside, strict=True)],
        "line": {"color": colour, "width": 2, "dash": "dot"},
        "marker": {"color": colour, "symbol": ["circle-open" if partial else "circle" for partial in is_partial]},
        "hovertemplate": [_hover(answer) if partial else "" for partial in is_partial],
        "hoverinfo": ["all" if partial else "skip" for partial in is_partial],
        "showlegend": all(is_partial),
    }
    return [line, line | dotted]


def _before(answer: Answer) -> list[dict[str, Any]]:
    """The period before, drawn at the places of this one."""
    if not answer.before:
        return []
    keys = answer.keys()
    values = [answer.value_before(place, key) for place, key in enumerate(keys)]
    return [
        {
            "type": "scatter",
            "mode": "lines" if kind_of(answer) == "line" else "markers",
            "name": _("Period before"),
            "x": _x(answer, answer.question.by, keys),
            "y": values,
            "line": {"color": SERIES[5], "width": 2, "dash": "dot"},
            "marker": {"color": "var(--text)", "size": 9, "symbol": "line-ew-open", "line": {"width": 3}},
            "hovertemplate": _hover(answer),
        }
    ]


def _bars(answer: Answer) -> dict[str, Any]:
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": _x(answer, answer.question.by, keys),
            "y": values,
            "marker": {"color": colour, "opacity": [PALE if answer.is_partial(key) else 1 for key in keys]},
            "hovertemplate": _hover(answer),
        }
        for (name, keys, values), colour in zip(_series(answer), SERIES, strict=False)
    ]
    more = {"barmode": "group", "bargap": 0.3, "showlegend": len(traces) > 1 or bool(answer.before)}
    drawn = [*traces, *_before(answer)]
    if answer.question.by in NAMED:
        return {"data": [_turned(trace) for trace in drawn], "layout": _axes_across(answer, len(traces), **more)}
    return {"data": drawn, "layout": _axes(answer, **more)}


def _turned(trace: dict[str, Any]) -> dict[str, Any]:
    hover = trace["hovertemplate"].replace("%{y", "%{x")
    turned = trace | {"x": trace["y"], "y": trace["x"], "orientation": "h", "hovertemplate": hover}
    return turned if trace["type"] == "bar" else turned | {"marker": trace["marker"] | {"symbol": "line-ns-open"}}


def _axes_across(answer: Answer, n_bars: int, **more: Any) -> dict[str, Any]:
    """Names without an order of their own stand by size, the largest on top."""
    keys, by = answer.keys(), answer.question.by
    sizes: dict[Any, float] = dict.fromkeys(keys, 0.0)
    for cell in answer.cells:
        sizes[cell.key] += _drawn(cell) or 0.0
    names = dict(zip(keys, _x(answer, by, keys), strict=True))
    ordered = keys if by in ORDERS else sorted(keys, key=lambda key: -sizes[key])
    order = {"categoryorder": "array", "categoryarray": [names[key] for key in ordered], "autorange": "reversed"}
    height = 80 + len(keys) * max(NAME_PIXELS, n_bars * BAR_PIXELS)
    return layout(
        xaxis={"rangemode": "tozero", "showgrid": True} | _scale(answer),
        yaxis={"type": "category", "showgrid": False} | order,
        **more | {"hovermode": "y unified", "height": height},
    )


def _heat(answer: Answer) -> dict[str, Any]:
    """Times lie across, whichever of the two dimensions they are."""
    keys, splits, question = answer.keys(), answer.splits(), answer.question
    by_place = {(cell.key, cell.split): cell for cell in answer.cells}
    across, down = (question.by, keys), (question.split, splits)
    grid = [[by_place.get((key, split)) for key in keys] for split in splits]
    if question.split and BY[question.split].is_time and not BY[question.by].is_time:
        across, down = (question.split, sorted(splits, key=lambda key: (key is None, key))), (question.by, keys)
        grid = [[by_place.get((key, split)) for split in across[1]] for key in keys]
    words = [answer.word(down[0], key) if down[0] else str(answer.measure.label) for key in down[1]]
    heat = {
        "type": "heatmap",
        "x": _x(answer, *across),
        "y": distinct(words),
        "z": [[None if cell is None else _drawn(cell) for cell in line] for line in grid],
        "colorscale": HEAT,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "%{y}, %{x}: " + _hover(answer, "z") + "<extra></extra>",
    }
    axes = layout(
        xaxis=_axis(*across),
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
        hovermode="closest",
        height=120 + 26 * max(len(words), 3),
    )
    return {"data": [heat], "layout": axes}
