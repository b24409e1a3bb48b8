"""A checkpoint after each epoch, from which a study goes on."""

from lightning.pytorch.callbacks import ModelCheckpoint


class ResumeCheckpoint(ModelCheckpoint):
    """Keep the last epoch of a run, whatever checkpoints it keeps for itself.

    A class of its own, for Lightning tells the states of callbacks apart by their classes.

    Args:
        dirpath: Where to keep it, as ``epoch=<number>.ckpt``.

    Example:
        >>> ResumeCheckpoint("runs/1/resume").filename
        '{epoch}'
    """

    def __init__(self, dirpath: str) -> None:
        super().__init__(dirpath=dirpath, filename="{epoch}", save_on_train_epoch_end=True)
