"""Random numbers of the method's own."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor

Result = TypeVar("Result")


class RandomStream:
    """Let what a method draws from torch's global generators come from a stream of its own.

    The random weights of RLW or the orders of PCGrad are then the same on all ranks and after a resume, whatever
    else is drawn there, and dropout and shuffling are the same under any method. The stream starts from a number
    that rank 0's global generator would draw next when the fit begins, so that ``seed_everything`` decides it; the
    global generators themselves, the CPU's and CUDA's, stand where they stood.

    Example:
        >>> stream, before = RandomStream(), torch.get_rng_state()
        >>> stream.seed = 0
        >>> weights = stream.draw(torch.device("cpu"), torch.rand, 3)
        >>> torch.equal(torch.get_rng_state(), before)
        True
    """

    def __init__(self) -> None:
        self.seed: int = 0
        self._states: list[Tensor] = []

    def draw(self, device: torch.device, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function for which the global generators give the numbers of this stream.

        Args:
            device: Where the losses are.
            function: What may draw.
            *arguments: Its arguments.

        Returns:
            What it returned.
        """
        generators = _generators(device)
        before = [generator.get_state() for generator in generators]
        for i, generator in enumerate(generators):
            if i < len(self._states):
                generator.set_state(self._states[i])
            else:
                generator.manual_seed(self.seed)
        try:
            return function(*arguments)
        finally:
            self._states = [generator.get_state() for generator in generators]
            for generator, state in zip(generators, before, strict=True):
                generator.set_state(state)

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is.

        Returns:
            Its seed and the states of its generators.
        """
        return {"seed": self.seed, "states": self._states}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Args:
            state: What ``state_dict`` returned.
        """
        self.seed, self._states = state["seed"], state["states"]


def _generators(device: torch.device) -> list[Generator]:
    cuda = [torch.cuda.default_generators[device.index]] if device.type == "cuda" else []
    return [torch.default_generator, *cuda]


def next_seed() -> int:
    """Look at what the global generator would draw next, without drawing it.

    Returns:
        A seed, at least 0.

    Example:
        >>> next_seed() == next_seed()
        True
    """
    generator = Generator()
    generator.set_state(torch.get_rng_state())
    return int(torch.randint(2**62, (), generator=generator))
