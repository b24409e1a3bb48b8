"""Random numbers of the method's own."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor

Result = TypeVar("Result")


class RandomStream:
    """Let what a method draws from torch's global generators come from a stream of its own.

    The random weights of RLW or the orders of PCGrad are then the same on all ranks and after a resume, whatever
    else is drawn there, and dropout and shuffling are the same under any method. The stream starts from what
    ``start_seed`` finds when the fit begins; the global generators themselves, the CPU's and CUDA's, stand where they
    stood.

    Args:
        seed: What the stream starts from, the same on all ranks; it may be given later, before the first draw.

    Example:
        >>> stream, before = RandomStream(seed=0), torch.get_rng_state()
        >>> weights = stream.draw(torch.device("cpu"), torch.rand, 3)
        >>> torch.equal(torch.get_rng_state(), before)
        True
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
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
                assert self.seed is not None
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
        return {"seed": self.seed, "states": list(self._states)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Args:
            state: What ``state_dict`` returned.
        """
        self.seed, self._states = state["seed"], list(state["states"])


def _generators(device: torch.device) -> list[Generator]:
    cuda = [torch.cuda.default_generators[device.index]] if device.type == "cuda" else []
    return [torch.default_generator, *cuda]


def start_seed() -> int:
    """Find what a stream starts from, without drawing from the global generator.

    After ``seed_everything`` it is a function of that seed alone, and not of what has been drawn since: Lightning
    sets the seed anew in each rank of a distributed fit, so that only the seed itself is the same in one process and
    in many. Two fits under one seed therefore draw the same numbers, as Lightning's ranks do. Without it, or where a
    later ``torch.manual_seed`` is in force, it is what the global generator would draw next; rank 0's counts.

    Returns:
        A seed, at least 0.

    Example:
        >>> start_seed() == start_seed()
        True
    """
    generator = Generator()
    if os.environ.get("PL_GLOBAL_SEED") == str(torch.initial_seed()):
        generator.manual_seed(torch.initial_seed())
    else:
        generator.set_state(torch.get_rng_state())
    # Not the seed itself: the method would draw the numbers that initialised the model.
    return int(torch.randint(2**62, (), generator=generator))
