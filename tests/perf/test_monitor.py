import pytest

from perf.monitor import monitor_cost

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


def test_the_monitor_takes_less_than_a_hundredth_of_a_step_of_10_ms_with_40_tasks() -> None:
    found = monitor_cost(num_tasks=40, width=16, pairs=8)
    # The hook alone: what surrounds it disturbs a difference of steps by more than it costs.
    assert found.hook < 0.01 * 10e-3
