import keras
import numpy as np
import pytest

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.teaching import Teacher
from recommender.errors import InvalidConfig
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY, TINY_SEQUENCE

STUDENT = {"embedding_size": 4, "epochs": 6, "patience": 6}
CASES = {
    "sasrec": {**TINY_SEQUENCE, **STUDENT, "blocks": 1, "heads": 2, "negatives": 3},
    "mult_vae": {**TINY, **STUDENT, "divergence_share": 0.001},
}
TEACHER = "embedding_size=32:epochs=14"


def log_softmax(scores: np.ndarray) -> np.ndarray:
    centred = scores - scores.max(axis=1, keepdims=True)
    return centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("name", CASES)
def test_a_student_comes_nearer_to_its_teacher_than_one_that_learns_alone(name: str) -> None:
    data = toy.checkerboard()
    histories = list(data.sequences())
    told: list[Progress] = []
    taught = build(name, {**CASES[name], "teacher": TEACHER}).fit(data, FitOptions(progress=told.append))
    alone = build(name, CASES[name]).fit(data)
    teacher = taught.before
    assert teacher is not None
    assert teacher.config.as_dict() == {**taught.config.as_dict(), "embedding_size": 32, "epochs": 14, "teacher": ""}
    assert taught.state()["activity_vectors"].nbytes * 8 == teacher.state()["activity_vectors"].nbytes
    likely = log_softmax(teacher.score(histories))

    def distance(scores: np.ndarray) -> float:
        return float((np.exp(likely) * (likely - log_softmax(scores))).sum(axis=1).mean())

    assert distance(taught.score(histories)) < 0.9 * distance(alone.score(histories))
    assert {one.message.split(":")[0] for one in told} == {"teacher", "student"}
    assert [one.step for one in told] == sorted(one.step for one in told)
    again = algorithm_class(name).from_state(taught.config, taught.state())
    assert np.array_equal(again.score(histories), taught.score(histories))


def test_taught_and_rounded_keeps_all_three_for_the_comparison() -> None:
    config = {**CASES["mult_vae"], "epochs": 1, "teacher": "embedding_size=8", "precision": "int8"}
    small = build("mult_vae", config).fit(toy.checkerboard())
    student = small.before
    assert student is not None
    assert student.before is not None
    models = (student.before, student, small)
    assert [one.state()["activity_vectors"].nbytes for one in models] == [16 * 8 * 4, 16 * 4 * 4, 16 * 4]


@pytest.mark.parametrize("among", [None, [2, 0]])
def test_half_of_the_loss_is_the_cross_entropy_to_the_teacher(among: list[int] | None) -> None:
    draw = np.random.default_rng(0)
    ours, theirs = (draw.normal(size=(5, size)).astype(np.float32) for size in (2, 3))
    bias, encoded, told = (draw.normal(size=shape).astype(np.float32) for shape in (5, (4, 2), (4, 3)))
    algorithm = build("mult_vae")
    algorithm._state = {"activity_vectors": theirs, "activity_bias": bias}
    found = Teacher(algorithm).mixed(np.ones(4, np.float32), told, encoded, ours, 2 * bias, among)
    chosen = among or list(range(5))
    likely = np.exp(log_softmax((told @ theirs.T + bias)[:, chosen]))
    right = 0.5 - 0.5 * (likely * log_softmax((encoded @ ours.T + 2 * bias)[:, chosen])).sum(axis=1)
    assert keras.ops.convert_to_numpy(found) == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "teacher"),
    [
        ("sasrec", "size=3"),
        ("sasrec", "embedding_size=big"),
        ("sasrec", "heads=3"),
        ("sasrec", "max_length=20"),
        ("sasrec", "teacher=x"),
        ("ncf", "embedding_size=64"),
    ],
)
def test_refuses_teachers_that_cannot_be(name: str, teacher: str) -> None:
    config_class = algorithm_class(name).config_class
    assert issubclass(config_class, NeuralConfig)
    with pytest.raises(InvalidConfig):
        config_class.from_dict({"teacher": teacher})
