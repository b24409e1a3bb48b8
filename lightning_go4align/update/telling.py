"""What a callback that balances tasks tells of itself: in words, in a notebook, and to loggers."""

from typing import Any, Protocol

from lightning_go4align.history.summary import summary
from lightning_go4align.methods.fields import method_fields
from lightning_go4align.plain_text import few_of
from lightning_go4align.update.hyperparameters import versions
from lightning_go4align.update.last_step import LastStepMixin
from lightning_go4align.update.shown_step import step_rows
from lightning_go4align.update.signals import FormerSignals


class _Balances(Protocol):
    @property
    def method(self) -> Any: ...
    @property
    def optimization(self) -> str: ...
    @property
    def num_steps(self) -> int: ...
    @property
    def last_step(self) -> Any: ...
    @property
    def tasks(self) -> list[str]: ...


class TellsOfItself(LastStepMixin, FormerSignals):
    """What it tells, of its method, its tasks and its last step."""

    def settings(self: _Balances) -> dict[str, Any]:
        """Tell the method, the optimization, the tasks if they are known, and the versions, nested, for loggers."""
        known = {"tasks": list(self.tasks)} if self.tasks else {}
        method = method_fields(self.method)
        return {"method": method, "optimization": self.optimization, **known, "versions": versions()}

    def __repr__(self: _Balances) -> str:
        named = f"{self.method!r}, {self.optimization!r}, tasks={few_of(self.tasks)}"
        return f"MultiTaskCallback({named}; {_progress(self)})"

    def _repr_html_(self: _Balances) -> str:
        line = f"{_progress(self)}, {self.optimization} optimization: {self.method!r}"
        return summary(type(self.method).__name__, line, step_rows(self.last_step))


def _progress(callback: _Balances) -> str:
    return f"after {callback.num_steps} steps" if callback.num_steps else "not trained"
