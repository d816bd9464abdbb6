"""Answers of an exported network: LiteRT (https://ai.google.dev/edge/litert), which serves without what trained it."""

import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class Network:
    """One LiteRT interpreter. It holds the tensors of the call in progress, so callers take turns."""

    def __init__(self, flatbuffer: NDArray[np.uint8]) -> None:
        self._interpreter = Interpreter(model_content=flatbuffer.tobytes(), num_threads=1)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """One answer per row of `vectors`, whose first dimension is the batch."""
        with self._lock:
            self._interpreter.resize_tensor_input(self._input, vectors.shape)
            self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._input, np.ascontiguousarray(vectors, np.float32))
            self._interpreter.invoke()
            answers: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return answers
