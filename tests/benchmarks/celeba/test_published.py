import pytest

from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES, HIGHER_IS_BETTER, SINGLE_TASK
from lightning_go4align.metrics import DeltaM

# FairGrad's 40 F1 scores, OptMN-Lab/FairGrad#1, where delta_m is given as 0.37.
FAIRGRAD = [
    0.673481,
    0.6715126,
    0.80895394,
    0.59129095,
    0.716146,
    0.84868795,
    0.5293899,
    0.6024346,
    0.79252076,
    0.8232979,
    0.49155608,
    0.68601424,
    0.6678187,
    0.50076723,
    0.5353463,
    0.9543982,
    0.6991702,
    0.6246493,
    0.87510586,
    0.85260683,
    0.9679586,
    0.91303086,
    0.53938675,
    0.44097534,
    0.9698319,
    0.30875763,
    0.5560105,
    0.5475425,
    0.5299987,
    0.6050991,
    0.72113657,
    0.9100189,
    0.48792267,
    0.6447788,
    0.7013081,
    0.8596742,
    0.92936283,
    0.40353844,
    0.7261722,
    0.9126637,
]


def test_fairgrads_scores_give_its_published_delta_m() -> None:
    score = DeltaM(SINGLE_TASK, HIGHER_IS_BETTER)
    score.update(dict(zip(ATTRIBUTES, FAIRGRAD, strict=True)))
    assert score.compute().item() == pytest.approx(0.37, abs=0.005)


def test_the_mean_of_the_single_task_scores_is_the_published_one() -> None:
    assert sum(SINGLE_TASK.values()) / 40 == pytest.approx(0.6971, abs=5e-5)
