import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural import checkpoints, sasrec
from recommender.algorithms.neural.checkpoints import Checkpoint
from recommender.errors import TrainingStopped
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY, TINY_SEQUENCE

CASES = {
    "sasrec": {**TINY_SEQUENCE, "blocks": 1, "heads": 2, "negatives": 2},
    "mult_vae": {**TINY, "patience": 1, "learning_rate": 0.05},
}
DYING = """
import os, signal, sys
from pathlib import Path
from recommender.algorithms.base import FitOptions
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural import loop
from tests import toy
from tests.recommender.algorithms.neural.test_checkpoints import CASES
loop._CHECKPOINT_SECONDS = 0.0
asked = []
def die_in_the_middle():
    asked.append(1)
    if len(asked) == 23:
        os.kill(os.getpid(), signal.SIGKILL)
    return False
name = sys.argv[1]
options = FitOptions(seed=7, should_stop=die_in_the_middle, working_folder=Path(sys.argv[2]))
build(name, CASES[name]).fit(toy.chain(), options)
"""
ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", CASES)
def test_a_killed_training_ends_as_if_it_had_not_been(name: str, tmp_path: Path) -> None:
    """Killed in the fifth epoch, between two batches: weights, moments, everything drawn and the curve go on."""
    died = subprocess.run([sys.executable, "-c", DYING, name, tmp_path], cwd=ROOT, env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    histories = [np.arange(k, k + 4) % 12 for k in range(12)]
    undisturbed, resumed = list[Progress](), list[Progress]()
    right = build(name, CASES[name]).fit(toy.chain(), FitOptions(seed=7, progress=undisturbed.append))
    options = FitOptions(seed=7, progress=resumed.append, working_folder=tmp_path)
    again = build(name, CASES[name]).fit(toy.chain(), options)
    assert again.score(histories) == pytest.approx(right.score(histories), rel=1e-3, abs=1e-3)
    assert resumed[0].step > 16
    assert resumed[-1].step == undisturbed[-1].step
    assert resumed[-1].validation == pytest.approx(undisturbed[-1].validation, abs=1e-3)
    assert resumed[-1].loss == pytest.approx(undisturbed[-1].loss, rel=1e-3)

    done = list[Progress]()
    options = FitOptions(seed=7, progress=done.append, working_folder=tmp_path)
    assert np.array_equal(build(name, CASES[name]).fit(toy.chain(), options).score(histories), again.score(histories))
    assert done == []  # what was trained to its end is not trained again

    other = list[Progress]()
    stops = {"progress": other.append, "should_stop": lambda: bool(other)}
    with pytest.raises(TrainingStopped):
        build(name, CASES[name]).fit(toy.chain(), FitOptions(seed=8, working_folder=tmp_path, **stops))
    assert other[0].epoch <= 1  # another seed is another training


def test_what_was_begun_with_another_network_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an update of the software in the middle of a training."""
    told = list[Progress]()
    stops = {"progress": told.append, "should_stop": lambda: any(one.epoch for one in told)}
    with pytest.raises(TrainingStopped):
        build("sasrec", CASES["sasrec"]).fit(toy.chain(), FitOptions(working_folder=tmp_path, **stops))
    assert (tmp_path / checkpoints.NAME).exists()
    told.clear()
    builds = sasrec.build_encoders
    monkeypatch.setattr(sasrec, "build_encoders", lambda config: builds(replace(config, blocks=2)))
    with pytest.raises(TrainingStopped):
        build("sasrec", CASES["sasrec"]).fit(toy.chain(), FitOptions(working_folder=tmp_path, **stops))
    assert told[0].epoch <= 1


def test_comes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    kept = Checkpoint({"epoch": 3, "state": 2**120}, {"model": [np.arange(k) for k in range(12)], "best": []})
    assert checkpoints.read(tmp_path / "none", "recipe") is None
    checkpoints.write(tmp_path / "a", "recipe", kept)
    found = checkpoints.read(tmp_path / "a", "recipe")
    assert found is not None
    assert found.facts == kept.facts
    assert [array.tolist() for array in found.groups["model"]] == [list(range(k)) for k in range(12)]
    assert checkpoints.read(tmp_path / "a", "another recipe") is None
    file = tmp_path / "a" / checkpoints.NAME
    whole = file.read_bytes()
    for damaged in (b"", whole[:100], whole[: len(whole) // 2], b"x" * len(whole)):
        file.write_bytes(damaged)
        assert checkpoints.read(tmp_path / "a", "recipe") is None
