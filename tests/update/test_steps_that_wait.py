"""What waits on the device until the host looks: in which step something was first and last so."""

import pytest
import torch

from lightning_go4align.history.starving import LEARNED, STARVED
from lightning_go4align.update.readout import CAPACITY, Readout
from lightning_go4align.update.record import StepRecord, TaskSteps

TASKS = ("large", "one", "two")


def counted(loss: float, seen: list[float]) -> float:
    """How much of a loss counts for the others: what it has moved by, or all of one that never has."""
    seen.append(loss)
    return min(abs(loss), max(seen) - min(seen) or abs(loss))


def by_hand(losses: list[list[float]], weights: list[list[float]]) -> list[list[int]]:
    """The last step of each kind, a step and a task after the other."""
    last = [[-1] * len(losses[0]) for _ in range(8)]
    first: dict[int, float] = {}
    seen: dict[int, list[float]] = {}
    for step, (row, weighed) in enumerate(zip(losses, weights, strict=True)):
        given = [m for m, loss in enumerate(row) if abs(loss) < float("inf") and loss != 0]
        even = sum(abs(weighed[m]) * counted(row[m], seen.setdefault(m, [])) for m in given) / max(len(given), 1)
        for m, loss in enumerate(row):
            if not abs(loss) < float("inf"):
                last[0][m] = step
            if not abs(weighed[m]) < float("inf"):
                last[1][m] = step
            if loss < 0:
                last[2][m] = step
            if m in given:
                if weighed[m] == 0:
                    last[3][m] = step
                first.setdefault(m, abs(loss))
                starves = abs(row[m] * weighed[m]) < STARVED * even and abs(loss) > LEARNED * first[m]
                last[5 if starves else 4][m] = step
                if all(weighed[n] == 0 for n in given):
                    last[7][m] = step
            elif not abs(loss) < float("inf") and not any(abs(other) < float("inf") for other in row):
                last[6][m] = step
    return last


@pytest.mark.parametrize("trouble", [0.0, 0.005, 1.0])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [1, CAPACITY - 1, CAPACITY, 3 * CAPACITY + 5])
def test_what_waits_on_the_device_says_the_same_as_a_look_at_every_step(
    steps: int, seed: int, trouble: float
) -> None:
    generator = torch.Generator().manual_seed(seed)

    def some(calm: list[float], others: list[float]) -> torch.Tensor:
        kinds = torch.tensor([calm, others], dtype=torch.float64)
        rare = (torch.rand(steps, 4, generator=generator) < trouble).long()
        return kinds[rare, torch.randint(len(calm), (steps, 4), generator=generator)]

    losses = some([1.0, 2.0, 0.5, 3.0, 1.5, 0.7, 0.1, 9.0], [0.0, 1.0, -1.0, 1e-3, 1e-6, 1e3, torch.nan, torch.inf])
    weights = some([2.0, 1.0, 0.5, 3.0, 1.2], [0.0, 1.0, 1e-5, 3.0, 7e-4])
    losses[:, 0] *= 0.8 ** torch.arange(steps)  # It learns.
    readout = Readout()
    for step in range(steps):
        row = losses[step]
        record = StepRecord(("a", "b", "c", "d"), row, row.sum(), row, weights[step])
        readout.note(step, record)
        readout.keep(step, record)
        if step % 17 == 3:
            assert readout.read() is not None
    numbers = readout.read()
    assert numbers is not None
    assert [list(steps) for steps in numbers.last_steps] == by_hand(losses.tolist(), weights.tolist())
    if not trouble:
        found = readout.means()
        means = [found[f"{kind}/{task}"] for kind in ("loss", "weight") for task in "abcd"]
        torch.testing.assert_close(torch.stack(means), torch.cat([losses.mean(0), weights.mean(0)]))


def test_an_optimizer_step_without_losses_of_its_own_can_be_read() -> None:
    readout, row = Readout(), torch.ones(3)
    record = StepRecord(TASKS, row, row.sum(), row)
    for step in range(2):
        readout.note(step, record)
        readout.keep(step, record)
        numbers = readout.read()
        assert numbers is not None
        assert numbers.first_steps == TaskSteps.never(3)._replace(fed=[-1 if step else 0] * 3)
        readout.begin_telling()


@pytest.mark.parametrize("told", [0, 70])
def test_first_steps_are_those_since_the_last_telling(told: int) -> None:
    readout = Readout()
    bad = {4: torch.nan, 9: torch.inf, 80: torch.nan, 90: torch.nan}
    for step in range(100):
        row = torch.tensor([1.0, bad.get(step, 2.0), -1.0 if step >= 30 else 1.0])
        record = StepRecord(TASKS, row, row.sum(), row)
        readout.note(step, record)
        readout.keep(step, record)
        if step % 20 == 10 or step == told:
            readout.read()  # As monitors do, who tell nothing.
        if step == told:
            readout.begin_telling()
    numbers = readout.read()
    assert numbers is not None
    assert numbers.first_steps is not None
    assert numbers.first_steps.bad_loss == [-1, 80 if told else 4, -1]
    assert numbers.first_steps.negative == [-1, -1, 71 if told else 30]
    assert numbers.last_steps.bad_loss == [-1, 90, -1]


@pytest.mark.parametrize(("share", "starved"), [(0.9, 5), (1.1, -1)])
def test_a_starving_step_among_calm_ones_is_found_at_a_thousandth(share: float, starved: int) -> None:
    readout, row, weights = Readout(), torch.ones(3), torch.ones(10, 3)
    weights[5, 2] = share * STARVED * 2 / 3  # The even part is about 2/3.
    for step in range(10):
        record = StepRecord(TASKS, row, row.sum(), row, weights[step])
        readout.note(step, record)
        readout.keep(step, record)
    numbers = readout.read()
    assert numbers is not None
    assert numbers.last_steps.starved == [-1, -1, starved]
