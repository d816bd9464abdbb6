"""The growth of fits as a page: seconds and bytes against interactions, both axes logarithmic."""

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from bench.record import ROOT, Measurement

_TITLES = {"processor_seconds": "Processor seconds of a fit", "peak_bytes": "Peak bytes of a fit"}


def draw(measured: Sequence[Measurement], path: Path = ROOT / "var" / "bench" / "growth.html") -> Path:
    """From the lines `fit_processor_seconds_3x`, `fit_peak_bytes_3x` and the like; the legend tells each exponent."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=list(_TITLES.values()))
    cases = list(dict.fromkeys(one.case for one in measured if one.measure.endswith("_exponent")))
    for column, kind in enumerate(_TITLES, 1):
        for number, case in enumerate(cases):
            lines = {one.measure: one.value for one in measured if one.case == case}
            times = [1, 3, 10]
            exponent = lines[f"fit_{kind.removeprefix('peak_')}_exponent"]
            figure.add_scatter(
                x=times,
                y=[lines[f"fit_{kind}_{n}x"] for n in times],
                name=f"{case}: {exponent:.2f}",
                legend="legend" if column == 1 else "legend2",
                line={"color": _colour(number)},
                row=1,
                col=column,
            )
    figure.update_xaxes(type="log", title="Times the interactions", tickvals=[1, 3, 10])
    figure.update_yaxes(type="log")
    figure.update_layout(
        template="simple_white", height=640, legend={"x": 0, "y": -0.2}, legend2={"x": 0.55, "y": -0.2}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(path)
    return path


def _colour(number: int) -> str:
    colours: list[str] = go.Figure().layout.template.layout.colorway or ["#636efa"]
    return colours[number % len(colours)]
