"""The numbers of a run for the page's scripts: thinned, compressed, and safe inside HTML."""

import base64
import gzip
import json
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from lightning_go4align.history import History, known_mean
from lightning_go4align.plots.colours import DASHES, RAMP, group_colours, group_inks, task_colours
from lightning_go4align.plots.lines import lines
from lightning_go4align.plots.order import every_nth, task_order
from lightning_go4align.plots.stability import window_series

_CELLS, _LEAST, _MATRIX = 40_000, 160, 200


def payload(history: History) -> dict[str, Any]:
    """Take what the page's scripts draw, with tasks in the order of the pictures.

    Of the sampled steps every n-th is kept, so that steps times tasks stay near 40,000, and a page small however
    long the run.

    Args:
        history: The run.

    Returns:
        What JSON can hold; each column of a task has the steps in ``steps``, with None where it is absent.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> data = payload(example_history())
        >>> data["tasks"], len(data["steps"]), data["weights"][0][:2]
        (['normal', 'edges', 'depth', 'segmentation'], 60, [1.5, 1.5])
    """
    order = task_order(history)
    kept = slice(None, None, max(1, -(-len(history.steps) // max(_CELLS // len(order), _LEAST))))
    data: dict[str, Any] = {
        "run": history.notes.run,
        "tasks": [history.tasks[task] for task in order],
        "steps": history.steps[kept].tolist(),
        "recorded": len(history.steps),
        "total": history.total,
        "numGroups": history.num_groups if history.grouped else 0,
        "validations": _validations(history),
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(history, name) for name in ("losses", "indicators", "groups")}
    arrays["weights"] = history.weighed  # An absent task has none: a 0 in its place would be taken for one.
    data |= {name: _columns(values[kept][:, order]) for name, values in arrays.items()}
    return data | _look(history, order) | _groups(history)


def packed(data: dict[str, Any]) -> str:
    """Compress to text of letters, digits and ``+/=``, in which no name can end a script.

    Example:
        >>> set(packed({"task": "</script>"})) & set("<>&")
        set()
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _look(history: History, order: list[int]) -> dict[str, Any]:
    """Colours and lines, as the still pictures have them."""
    drawn, num_groups = lines(history), max(history.num_groups, 1)
    fixed = [] if drawn.tasks or history.grouped or not len(drawn.member) else drawn.member[0, order].tolist()
    return {
        "byTask": bool(drawn.tasks),
        "lineNames": drawn.names,
        "lineColours": _hex(drawn.colours),
        "bands": fixed,
        "dashes": DASHES,
        "taskColours": _hex(task_colours(len(order))),
        "ramp": _hex(RAMP(np.linspace(0, 1, 64))),
        "groupColours": _hex(group_colours(num_groups)),
        "groupInks": _hex(group_inks(num_groups)),
    }


def _groups(history: History) -> dict[str, Any]:
    if not history.grouped:
        return {}
    steps, means = window_series(history)
    shown = every_nth(task_order(history), _MATRIX)
    shares = (100 * history.shares[np.ix_(shown, shown)]).round().astype(int)
    series = {"rand": means.rand, "adjusted": means.adjusted_rand, "moves": means.moves, "steps": steps}
    weights = [float(known_mean(history.weights[history.groups == rank])) for rank in range(history.num_groups)]
    return {
        "groupWeights": _list(np.array(weights)),
        "windows": {name: _list(values) for name, values in series.items()},
        "matrix": {"tasks": [history.tasks[task] for task in shown], "shares": shares.tolist()},
    }


def _validations(history: History) -> dict[str, Any] | None:
    found = history.validations
    if not found.scored:
        return None
    curves = {"epochs": _list(found.epochs), "deltaM": _list(found.delta_m)}
    return curves | {"metrics": list(history.metrics), "changes": [_list(column) for column in found.changes.T]}


def _columns(rows: NDArray[Any]) -> list[list[Any]]:
    return [_list(column) if np.issubdtype(rows.dtype, np.floating) else column.tolist() for column in rows.T]


def _list(values: NDArray[np.floating]) -> list[float | None]:
    """Four digits of each, or more of a count; None for what is not finite, which JSON does not know."""
    return [
        float(f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}") if np.isfinite(value) else None
        for value in values
    ]


def _hex(colours: NDArray[np.float64]) -> list[str]:
    return [to_hex(rgb) for rgb in colours]
