"""What a monitor watches."""

from lightning.pytorch import Trainer

from lightning_go4align.update import MultiTaskCallback
from lightning_go4align.update.misconfiguration import MisconfigurationException


def watched_callback(trainer: Trainer) -> MultiTaskCallback:
    """Find the callback that a ``GroupDynamicsMonitor`` watches.

    Args:
        trainer: The trainer, with all of its callbacks.

    Returns:
        The first that balances tasks.

    Raises:
        MisconfigurationException: If there is none.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> callback = MultiTaskCallback(GO4Align())
        >>> trainer = Trainer(callbacks=callback, barebones=True, accelerator="cpu")
        >>> watched_callback(trainer) is callback
        True
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by a connector
        if isinstance(callback, MultiTaskCallback):
            return callback
    raise MisconfigurationException(
        "`GroupDynamicsMonitor` watches a `MultiTaskCallback`, but the trainer has none. Add one to "
        "`trainer.callbacks`, or derive the module from `MultiTaskModule`."
    )
