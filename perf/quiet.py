"""A process that only measures."""

import logging
import warnings

import lightning.pytorch as pl
import torch


def quiet(threads: int) -> None:
    """Let this process say nothing but its results.

    Args:
        threads: Of torch.
    """
    warnings.filterwarnings("ignore")  # Lightning on loaders, the solvers on their problems
    logging.getLogger(pl.__name__).setLevel(logging.ERROR)
    torch.set_num_threads(threads)
