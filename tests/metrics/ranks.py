"""Update every metric as one of two processes; each prints what it computes, as JSON."""

import json
import sys
from pathlib import Path
from pkgutil import resolve_name

import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).parent.parent))

from metric_examples import EXAMPLES, make, updated


def main(rank: int, store: str, *names: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    found = {}
    for name in names:
        kind = resolve_name(name)
        batches = EXAMPLES[kind.__name__].batches
        split, same = updated(make(kind, sync_on_compute=True), batches[rank::2]), make(kind, sync_on_compute=True)
        on_step = make(kind, dist_sync_on_step=True)
        found[kind.__name__] = {
            "split": split.compute(),
            "same": updated(same, batches).compute(),
            "alone": updated(make(kind, sync_on_compute=False), batches[rank::2]).compute(),
            "by default": updated(make(kind), batches[rank::2]).compute(),
            "after": updated(split, batches[1 - rank :: 2]).metric_state,
            "step": on_step(*batches[rank]),
        }
    print(json.dumps(found, default=torch.Tensor.tolist))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
