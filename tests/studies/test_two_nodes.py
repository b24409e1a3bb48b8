"""Training on two nodes, rehearsed on loopback with each launcher. Each takes a minute: ``-m slow``."""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from isolation import child_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FIT = ["fit", "-c", "synthetic/base", "-c", "synthetic/go4align_robust"]
BUDGET = ["--trainer.max_epochs=2", "--data.init_args.num_train=256", "--test_after_fit=false"]
PLAIN = [sys.executable, "-m", "lightning_go4align"]
Launch = Callable[[int, int], tuple[list[str], dict[str, str]]]


def torchrun(node: int, port: int) -> tuple[list[str], dict[str, str]]:
    options = ["--nnodes=2", f"--node-rank={node}", "--nproc-per-node=1", "--master-addr=127.0.0.1"]
    options += [f"--master-port={port}", "-m", "lightning_go4align"]
    return [sys.executable, "-m", "torch.distributed.run", *options], {}


def lightning(node: int, port: int) -> tuple[list[str], dict[str, str]]:
    return PLAIN, {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": str(node)}


def slurm(node: int, port: int) -> tuple[list[str], dict[str, str]]:
    """What `srun` tells each task of a job with two nodes."""
    job = {"JOB_ID": "4711", "JOB_NAME": "fit", "NODELIST": "127.0.0.1", "NNODES": "2", "NTASKS": "2"}
    task = {"NTASKS_PER_NODE": "1", "PROCID": str(node), "NODEID": str(node), "LOCALID": "0"}
    return PLAIN, {**{f"SLURM_{name}": value for name, value in (job | task).items()}, "MASTER_PORT": str(port)}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def weights(
    folder: Path, launched: Sequence[tuple[Sequence[str], Mapping[str, str]]], *shape: str
) -> Mapping[str, torch.Tensor]:
    """The weights after training with DDP, by processes that are told of each other by a launcher."""
    arguments = [*FIT, *BUDGET, "--trainer.accelerator=cpu", "--trainer.strategy=ddp", *shape]
    processes = []
    for number, (command, settings) in enumerate(launched):
        place = folder / str(number)
        place.mkdir(parents=True)
        with (place / "output.txt").open("w") as output:
            processes.append(
                subprocess.Popen(
                    [*command, *arguments], cwd=place, stdout=output, stderr=output, env=child_environment(**settings)
                )
            )
    statuses = [process.wait(600) for process in processes]
    assert statuses == [0] * len(launched), (folder / "0" / "output.txt").read_text()[-3000:]
    (checkpoint,) = folder.rglob("*.ckpt")  # one, by the first node
    found: Mapping[str, torch.Tensor] = torch.load(checkpoint, weights_only=False)["state_dict"]
    return found


@pytest.fixture(scope="module")
def of_one_node(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, torch.Tensor]:
    return weights(tmp_path_factory.mktemp("one"), [(PLAIN, {})], "--trainer.devices=2")


@pytest.mark.parametrize("launcher", [torchrun, lightning, slurm])
def test_two_nodes_train_to_the_bits_of_two_processes_of_one(
    of_one_node: Mapping[str, torch.Tensor], tmp_path: Path, launcher: Launch
) -> None:
    port = free_port()
    shape = ["--trainer.devices=1", "--trainer.num_nodes=2"]
    found = weights(tmp_path, [launcher(node, port) for node in (0, 1)], *shape)
    assert found.keys() == of_one_node.keys()
    assert [name for name, value in found.items() if not torch.equal(value, of_one_node[name])] == []
