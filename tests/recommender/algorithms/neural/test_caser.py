from tests.recommender.algorithms.contract import AlgorithmContract
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE


class TestCaser(AlgorithmContract):
    name = "caser"
    config = {**TINY_SEQUENCE, "window": 4, "filters": 4}
    tolerance = 1e-3
