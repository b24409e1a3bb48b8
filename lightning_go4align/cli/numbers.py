"""What the Trainer takes for a number without a look at its size."""

from jsonargparse import Namespace

from lightning_go4align.cli.mistake import UsageError

#: Numbers of the Trainer that it does not check: it divides by them, or takes them for something else.
LOWEST = {
    "accumulate_grad_batches": 1,
    "check_val_every_n_epoch": 1,
    "gradient_clip_val": 0,
    "log_every_n_steps": 0,
    "min_epochs": 0,
    "min_steps": 0,
    "num_sanity_val_steps": -1,
}


def check_numbers(trainer: Namespace) -> None:
    """Refuse numbers that the Trainer would divide by, or take for something else.

    Args:
        trainer: Its arguments.

    Raises:
        UsageError: If one is too small.

    Example:
        >>> check_numbers(Namespace(max_epochs=0, val_check_interval=1.0))
    """
    for name, lowest in LOWEST.items():
        value = trainer.get(name)
        if value is not None and value < lowest:
            raise UsageError(
                f"`trainer.{name}` must be at least {lowest}, but is {value}.", "Raise it, or leave it out."
            )
    if trainer.get("val_check_interval") == 0:
        raise UsageError(
            "`trainer.val_check_interval` must not be 0.", "To validate never set `limit_val_batches` to 0."
        )
