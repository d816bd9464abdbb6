from tests.recommender.algorithms.contract import AlgorithmContract
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE


class TestGRU4Rec(AlgorithmContract):
    name = "gru4rec"
    config = TINY_SEQUENCE
    tolerance = 1e-3
