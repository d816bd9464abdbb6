"""Answers of an exported network: LiteRT (https://ai.google.dev/edge/litert), which serves without what trained it."""

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

_PREFIX = "serving_default_"  # of the names of inputs: what a stored network answers unless asked for something else


class Network:
    """LiteRT interpreters of one network, as many as there have been calls at once.

    Each holds the tensors of the call in progress, computes on one thread and lets go of Python's lock meanwhile.
    """

    def __init__(self, flatbuffer: NDArray[np.uint8]) -> None:
        self._flatbuffer = flatbuffer.tobytes()
        made = self._made()
        self.input_names = frozenset(made[1])
        self._idle = [made]

    def __call__(self, inputs: NDArray[np.float32], **named: NDArray[Any]) -> NDArray[np.float32]:
        """One answer per row of `inputs`, whose first dimension is the batch.

        Args:
            inputs: goes to the only input, or to the one that is not among `named`.
            named: by the names that inputs had in Keras.
        """
        try:
            interpreter, places, answered = self._idle.pop()
        except IndexError:
            interpreter, places, answered = self._made()
        given = {place: named.get(name, inputs) for name, place in places.items()}
        for place, one in given.items():
            interpreter.resize_tensor_input(place, one.shape)
        interpreter.allocate_tensors()
        for place, one in given.items():
            interpreter.set_tensor(place, np.ascontiguousarray(one))
        interpreter.invoke()
        answers: NDArray[np.float32] = interpreter.get_tensor(answered)
        self._idle.append((interpreter, places, answered))  # not where it failed: nobody knows what it is left with
        return answers

    def _made(self) -> tuple[Interpreter, dict[str, int], int]:
        """And the places of its inputs, by their names, and of its output."""
        made = Interpreter(model_content=self._flatbuffer, num_threads=1)
        places = {one["name"].removeprefix(_PREFIX).split(":")[0]: one["index"] for one in made.get_input_details()}
        return made, places, made.get_output_details()[0]["index"]
