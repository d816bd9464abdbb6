import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from bench import __main__ as bench
from bench import quality, record
from bench.datasets import DATASETS
from bench.peers import DESCRIBED, PEERS, PeerResult
from bench.tuned import TUNED, tuned
from recommender.algorithms.catalogue import ALGORITHMS, build
from recommender.errors import InvalidConfig
from recommender.evaluation.protocol import protocol_hash


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", nargs="+", default=[])
    quality.add_arguments(parser)
    return parser.parse_args(words)


def test_measures_with_popularity_beside() -> None:
    found = list(quality.measure(arguments("--dataset", "toy", "--algorithms", "popularity,ease")))
    ndcg = {one.case: one for one in found if one.measure == "ndcg_10"}
    assert ndcg["toy/leave_last_out/popularity"].peer is None
    ease = ndcg["toy/leave_last_out/ease"]
    assert ease.peer_value == ndcg["toy/leave_last_out/popularity"].value
    assert ease.ratio is not None
    assert ease.ratio > 2
    scoring = [one for one in found if one.measure == "top_100_seconds"]
    assert [one.peer for one in scoring] == ["bare_product", "bare_product"]
    assert all(one.value > 0 and (one.peer_value or 0) > 0 for one in scoring)


def test_a_parameter_that_is_not_the_default_stands_in_the_case() -> None:
    words = ("--dataset", "toy", "--algorithms", "ease", "--set", "ease.neighbours=5")
    assert {one.case for one in quality.measure(arguments(*words))} == {"toy/leave_last_out/ease[neighbours=5]"}


def test_members_of_a_blend_are_measured_as_they_are_in_it_and_a_second_run_goes_on(tmp_path: Path) -> None:
    blend = "blend.members=item_knn,sequential_linear"
    words = ("--dataset", "toy", "--algorithms", "blend", "--set", blend, "blend.refit=0", "--members")
    with pytest.raises(InvalidConfig, match="true or false"):
        list(quality.measure(arguments(*words)))
    words = (
        "--dataset",
        "toy",
        "--algorithms",
        "blend",
        "--set",
        blend,
        "--members",
        "--working-folder",
        str(tmp_path),
    )
    first, second = (list(quality.measure(arguments(*words))) for _ in range(2))
    case = "toy/leave_last_out/blend[members=item_knn,sequential_linear]"
    ndcg = {one.case: one.value for one in first if one.measure == "ndcg_10"}
    assert list(ndcg) == [case, f"{case}/item_knn", f"{case}/sequential_linear"]
    assert ndcg[case] > 0.9 > ndcg[f"{case}/item_knn"]
    assert ndcg == {one.case: one.value for one in second if one.measure == "ndcg_10"}
    seconds = {"fit_seconds", "fit_processor_seconds"}
    assert seconds <= {one.measure for one in first}
    assert not seconds & {one.measure for one in second}  # what was left to do is no fit's time


def test_a_case_selects() -> None:
    words = ("--dataset", "toy", "--case", "toy/leave_last_out/ease")
    assert {one.case for one in quality.measure(arguments(*words))} == {"toy/leave_last_out/ease"}


def test_a_line_has_every_promised_key() -> None:
    line = json.loads(record.json_line(record.Measurement("quality", "a/b/c", "ndcg_10", 0.5, "share")))
    keys = "subject case measure value unit peer peer_value ratio machine commit at"
    assert list(line) == keys.split()
    assert line["ratio"] is None


def test_figures_of_quality_name_what_was_asked() -> None:
    found = list(quality.measure(arguments("--dataset", "toy", "--algorithms", "popularity,item_knn")))
    asked = protocol_hash(DATASETS["toy"].split())
    assert {one.protocol for one in found if one.unit == "share"} == {asked}
    assert {one.protocol for one in found if one.unit != "share"} == {None}
    line = record.Measurement("quality", "a/b/c", "ndcg_10", 0.5, "share", protocol=asked)
    assert json.loads(record.json_line(line))["protocol"] == asked


def test_results_are_added_never_replaced(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    path = record.keep("quality", ["{}"])
    assert path.read_text() == "{}\n"
    with pytest.raises(FileExistsError):
        path.open("x")


def test_an_unknown_subject_lists_the_known_ones() -> None:
    with pytest.raises(SystemExit, match=r"no subject 'speed'\. Known: \w+"):
        bench.main(["speed"])


def test_the_best_peer_stands_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"weak": 0.01, "strong": 0.99}
    monkeypatch.setattr(
        quality,
        "measure_peer",
        lambda name, _split, **_budget: PeerResult(
            {"ndcg_10": figures[name]}, fit_seconds=1, fit_processor_seconds=3, score_seconds=2
        ),
    )
    words = ("--dataset", "toy", "--algorithms", "ease,popularity", "--peers", "weak,strong")
    found = {(one.case, one.measure): one for one in quality.measure(arguments(*words))}
    assert found["toy/leave_last_out/popularity", "ndcg_10"].peer == "strong"
    ease = found["toy/leave_last_out/ease", "ndcg_10"]
    assert (ease.peer, ease.peer_value) == ("strong", 0.99)
    assert found["toy/leave_last_out/ease", "mrr"].peer == "popularity"
    assert found["toy/leave_last_out/weak", "ndcg_10"].value == 0.01
    assert found["toy/leave_last_out/strong", "fit_seconds"].value == 1


def test_peers_are_told_what_describes_activities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is described, the peer that would be told is not asked."""
    asked: list[str] = []
    nothing = PeerResult({}, fit_seconds=1, fit_processor_seconds=3, score_seconds=2)
    monkeypatch.setattr(quality, "measure_peer", lambda name, *_of, **_budget: asked.append(name) or nothing)
    list(quality.measure(arguments("--dataset", "toy", "--algorithms", "popularity", "--peers", "all")))
    assert set(PEERS) - set(asked) == {DESCRIBED}


def test_a_fit_stands_beside_that_of_its_counterpart(monkeypatch: pytest.MonkeyPatch) -> None:
    result = PeerResult({"ndcg_10": 0.5}, fit_seconds=1000.0, fit_processor_seconds=2000.0, score_seconds=2)
    budgets: list[float | None] = []

    def measured(*_of: object, budget_seconds: float | None) -> PeerResult:
        budgets.append(budget_seconds)
        return result

    monkeypatch.setattr(quality, "measure_peer", measured)
    words = ("--dataset", "toy", "--algorithms", "item_knn,ease", "--peers", "implicit_knn", "--budget-seconds", "5")
    lines = list(quality.measure(arguments(*words)))
    for measure, theirs in (("fit_seconds", 1000.0), ("fit_processor_seconds", 2000.0)):
        found = {one.case: one for one in lines if one.measure == measure}
        assert found["toy/leave_last_out/item_knn"].peer == "implicit_knn"
        assert found["toy/leave_last_out/item_knn"].peer_value == theirs
        assert found["toy/leave_last_out/ease"].peer is None
    list(quality.measure(arguments(*words, "--peer-budget-seconds", "10")))
    assert budgets == [5.0, 10.0]


def test_what_was_tuned_can_be_built() -> None:
    for dataset in [*TUNED, "oulad-BBB-2013J"]:
        for algorithm in ALGORITHMS:
            build(algorithm, tuned(dataset, algorithm))


def test_effort_stands_beside_bare_linear_algebra_and_grows() -> None:
    words = ("--dataset", "toy", "--algorithms", "ease", "--effort")
    lines = list(quality.measure(arguments(*words)))
    found = {(one.measure, one.peer): one.value for one in lines}
    assert found["fit_seconds", "bare_solve"] > 0
    peaks = [one for one in lines if one.peer == "what it says itself"]
    assert [one.measure for one in peaks] == [f"fit_peak_bytes_{times}x" for times in (1, 3, 10)]
    assert 0 < peaks[0].value <= peaks[-1].value
    assert all(one.value < (one.peer_value or 0) for one in peaks)
    assert np.isfinite(found["fit_processor_seconds_exponent", None])
