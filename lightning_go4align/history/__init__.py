"""The recorded dynamics of a run: what monitors write and pictures draw, independent of any logger."""

from lightning_go4align.history.event_log import FILE
from lightning_go4align.history.means import known_mean
from lightning_go4align.history.notes import Notes
from lightning_go4align.history.record import History
from lightning_go4align.history.secrets import HIDDEN, is_secret, without_passwords, without_secrets
from lightning_go4align.history.summary import TaskRow, summary, task_rows
from lightning_go4align.history.transitions import Transitions
from lightning_go4align.history.validations import Validations

__all__ = [
    "FILE",
    "HIDDEN",
    "History",
    "Notes",
    "TaskRow",
    "Transitions",
    "Validations",
    "is_secret",
    "known_mean",
    "summary",
    "task_rows",
    "without_passwords",
    "without_secrets",
]
