"""The methods that came after the paper: each against its formula, written by hand."""

import math

import pytest
import torch
from torchjd.scalarization import Sum

from lightning_go4align.methods import DBMTL, LDCMTL, NTKMTL, NTKMTLSR, UWSO, GradNorm
from lightning_go4align.methods.learning import learned_parameters, learning_after_epoch
from lightning_go4align.methods.observation import observe, observes_representation

NAN = float("nan")


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


def test_uw_so_is_the_softmax_of_inverse_losses() -> None:
    losses = leaf(0.5, 1.0, 4.0)
    UWSO(temperature=2.0)(losses).backward()
    powers = [math.exp(1 / (2 * loss)) for loss in (0.5, 1.0, 4.0)]
    assert losses.grad is not None
    torch.testing.assert_close(losses.grad, torch.tensor([p / sum(powers) for p in powers]))


def test_uw_so_gives_everything_to_a_loss_that_is_next_to_nothing() -> None:
    method = UWSO(temperature=1.0)
    method(leaf(1e-42, 1.0))
    assert method.task_weights is not None
    assert method.task_weights.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bad", [NAN, math.inf, 0.0, -1.0])
def test_uw_so_leaves_out_what_it_cannot_weigh(bad: float) -> None:
    losses = leaf(1.0, bad, 1.0)
    UWSO()(losses).backward()
    assert losses.grad is not None
    assert losses.grad.tolist() == [0.5, 0.0, 0.5]


def test_ntkmtl_brings_the_squared_gradients_to_the_chosen_power() -> None:
    jacobian = torch.tensor([[3.0, 4.0], [0.0, 1.0]])  # norms 5 and 1, squares 25 and 1
    expected = 2 * (26 / 25) ** 0.75 * jacobian[0] + 2 * 26**0.75 * jacobian[1]
    torch.testing.assert_close(NTKMTL(exponent=0.75)(jacobian), expected)


def test_ntkmtl_gives_a_task_without_gradient_no_weight() -> None:
    found = NTKMTL()(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    assert found.tolist() == [4.0, 0.0]


def test_ntkmtl_sr_weighs_by_the_largest_eigenvalue_of_the_chunks() -> None:
    torch.manual_seed(0)
    features = torch.randn(6, 3, requires_grad=True)
    heads = torch.randn(2, 3)
    losses = (features @ heads.T).square().mean(0)
    method = NTKMTLSR(num_chunks=2)
    method.observe_representation(features)
    method(losses)
    eigenvalues = []
    for head in heads:
        chunks = [2 / 3 * (chunk @ head)[:, None] * head for chunk in features.detach().chunk(2)]
        jacobian = torch.stack([chunk.flatten() for chunk in chunks])
        eigenvalues.append(torch.linalg.matrix_norm(jacobian, 2).square())
    expected = [(sum(eigenvalues) / value).sqrt() for value in eigenvalues]
    assert method.task_weights is not None
    torch.testing.assert_close(method.task_weights, torch.stack(expected))


def test_grad_norm_pulls_the_weights_as_its_loss_says() -> None:
    scale = torch.tensor([1.0, 4.0])
    method = GradNorm(num_tasks=2, alpha=1.0)
    features = torch.ones(1, 1, requires_grad=True)
    for _ in range(2):  # The first epoch, of two batches: L_0 is the mean of (1, 4) and (3, 12).
        observe(method, torch.ones(2), features)
        method((features.sum() * scale) * (1 if _ == 0 else 3))
    method.step()
    observe(method, torch.ones(2), features)
    method(features.sum() * scale * torch.tensor([1.0, 2.0])).backward()
    # Norms 1 and 8, mean 4.5; L / L_0 is 0.5 and 1, paces 2/3 and 4/3: targets 3 and 6. |1 - 3| + |8 - 6|.
    p = torch.zeros(2, requires_grad=True)
    weights = 2 * p.softmax(0)
    ((weights[0] - 3).abs() + (8 * weights[1] - 6).abs()).backward()
    torch.testing.assert_close(method.logits.grad, p.grad)


def test_grad_norm_weighs_all_alike_in_the_first_epoch() -> None:
    features = torch.ones(1, 1, requires_grad=True)
    method = GradNorm(num_tasks=2)
    method.observe_representation(features)
    losses = leaf(1.0, 5.0) * features.sum()
    method(losses).backward()
    assert features.grad is not None
    assert features.grad.item() == 6.0
    assert method.logits.grad is not None
    assert method.logits.grad.tolist() == [0.0, 0.0]


def test_ldc_mtl_is_its_two_sums() -> None:
    method = LDCMTL(num_tasks=3, penalty=0.5)
    method(leaf(1.0, 1.0, 1.0))
    found = method(leaf(0.5, 2.0, 4.0))
    logs = [math.log(0.5) / 3, math.log(2.0) / 3, math.log(4.0) / 3]
    expected = sum(logs) + 0.5 * (abs(logs[0] - logs[1]) + abs(logs[1] - logs[2]))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_ldc_mtl_compares_with_the_first_batch_of_the_epoch() -> None:
    method = LDCMTL(num_tasks=2, penalty=0.0)
    method(leaf(1.0, 1.0))
    method.step()
    assert method(leaf(7.0, 3.0)).item() == 0.0
    assert method(leaf(14.0, 3.0)).item() == pytest.approx(math.log(2) / 2)


def test_ldc_mtl_learns_its_router() -> None:
    method = LDCMTL(num_tasks=2)
    method(leaf(1.0, 1.0))
    method(leaf(0.5, 2.0)).backward()
    last = method.router[-1].get_parameter("weight")
    assert last in set(learned_parameters(method))
    assert last.grad is not None
    assert last.grad.abs().sum() > 0


def test_db_mtl_averages_log_gradients_and_scales_them_to_the_largest() -> None:
    aggregator = DBMTL(beta=0.5, sigma=1.0)
    first, second = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[4.0, 0.0], [0.0, 8.0]])
    aggregator.observe_losses(torch.tensor([1.0, 1.0]))
    aggregator(first)
    aggregator.observe_losses(torch.tensor([2.0, 4.0]))
    found = aggregator(second)
    # g = (2, 2); t = 2: 0.25 of the memory (2, 1): (2, 1.75). Both are brought to 2.
    torch.testing.assert_close(found, torch.tensor([2.0, 2.0]), atol=1e-6, rtol=0)
    assert aggregator.means is not None
    torch.testing.assert_close(aggregator.means, torch.tensor([[2.0, 0.0], [0.0, 1.75]]), atol=1e-6, rtol=0)


def test_db_mtl_keeps_the_mean_of_an_absent_task() -> None:
    aggregator = DBMTL()
    aggregator.observe_losses(torch.ones(2))
    aggregator(torch.eye(2))
    aggregator.observe_losses(torch.tensor([NAN, 1.0]))
    found = aggregator(torch.tensor([[0.0, 3.0]]))
    assert found[0] == 0
    assert aggregator.means is not None
    torch.testing.assert_close(aggregator.means[0], torch.tensor([1.0, 0.0]))


def test_db_mtl_leaves_out_a_margin_that_is_met() -> None:
    both, alone = DBMTL(), DBMTL()
    jacobian = torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    for margin in (4.0, 0.0, 0.0, 0.0):
        both.observe_losses(torch.tensor([1.0, margin]))
        found = both(jacobian * torch.tensor([[1.0], [float(margin > 0)]]))
        alone.observe_losses(torch.tensor([1.0]))
        expected = alone(jacobian[:1])
    torch.testing.assert_close(found, expected)
    both.observe_losses(torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(both(jacobian), torch.tensor([3.0, 3.0]))  # It goes on from its mean.


def test_db_mtl_refuses_to_guess_the_losses() -> None:
    with pytest.raises(ValueError, match="observe_losses"):
        DBMTL()(torch.eye(2))


@pytest.mark.parametrize("method", [NTKMTLSR(), GradNorm(2)], ids=repr)
def test_a_method_that_needs_the_representation_says_how_to_give_it(method: torch.nn.Module) -> None:
    assert observes_representation(method)
    with pytest.raises(ValueError, match="'representation': features"):
        observe(method, torch.ones(2))


@pytest.mark.parametrize("method", [LDCMTL(2), GradNorm(2)], ids=repr)
def test_methods_of_epochs_are_told_of_them(method: torch.nn.Module) -> None:
    assert learning_after_epoch(method) == [method]  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.
    assert learning_after_epoch(Sum()) == []


@pytest.mark.parametrize(
    ("make", "arguments", "advice"),
    [
        (UWSO, {"temperature": 0.0}, "`temperature` must be positive"),
        (UWSO, {"temperature": NAN}, "`temperature` must be positive"),
        (NTKMTL, {"exponent": -1.0}, "`exponent` must be a number of at least 0"),
        (NTKMTLSR, {"num_chunks": 0}, "`num_chunks` must be at least 1"),
        (GradNorm, {"num_tasks": 0}, "`num_tasks` must be at least 1"),
        (GradNorm, {"num_tasks": 2, "alpha": -1.0}, "`alpha` must be a number of at least 0"),
        (LDCMTL, {"num_tasks": 2, "penalty": -0.1}, "`penalty` must be a number of at least 0"),
        (DBMTL, {"beta": 1.0}, "`beta` must be below 1"),
    ],
)
def test_bad_arguments_are_refused(make: type, arguments: dict[str, float], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        make(**arguments)
