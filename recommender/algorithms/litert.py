"""Answers of an exported network: LiteRT (https://ai.google.dev/edge/litert), which serves without what trained it."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class Network:
    """LiteRT interpreters of one network, as many as there have been calls at once.

    Each holds the tensors of the call in progress, computes on one thread and lets go of Python's lock meanwhile.
    """

    def __init__(self, flatbuffer: NDArray[np.uint8]) -> None:
        self._flatbuffer = flatbuffer.tobytes()
        self._idle = [self._made()]

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """One answer per row of `vectors`, whose first dimension is the batch."""
        try:
            interpreter, asked, answered = self._idle.pop()
        except IndexError:
            interpreter, asked, answered = self._made()
        interpreter.resize_tensor_input(asked, vectors.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(asked, np.ascontiguousarray(vectors, np.float32))
        interpreter.invoke()
        answers: NDArray[np.float32] = interpreter.get_tensor(answered)
        self._idle.append((interpreter, asked, answered))  # not where it failed: nobody knows what it is left with
        return answers

    def _made(self) -> tuple[Interpreter, int, int]:
        """And the places of its input and output."""
        made = Interpreter(model_content=self._flatbuffer, num_threads=1)
        return made, made.get_input_details()[0]["index"], made.get_output_details()[0]["index"]
