"""pytorch-forecasting, balanced: each target of the `MultiLoss` is a task, also one whose loss falls below zero."""

from pytorch_forecasting import TemporalFusionTransformer

from lightning_go4align import MultiTaskCallback
from recipes.forecasting_multiloss import plain


class TaskwiseTransformer(TemporalFusionTransformer):
    """The transformer as it is, which keeps what each part of its `MultiLoss` gave."""

    def training_step(self, batch, batch_idx):
        self.parts = []
        hooks = [part.register_forward_hook(self._keep) for part in self.loss]
        log = super().training_step(batch, batch_idx)
        for hook in hooks:
            hook.remove()
        return log

    def _keep(self, part, args, loss):
        self.parts.append(loss)


def task_losses(module, output, batch):
    """Name the parts, each with its weight in the `MultiLoss`."""
    parts = zip(plain.TARGETS, vars(module).pop("parts"), module.loss.weights, strict=True)
    return {target: loss * weight for target, loss, weight in parts}


def fit(method, optimization="manual"):
    """Train as the plain script does."""
    balance = MultiTaskCallback(method, optimization, losses=task_losses)
    return plain.fit(TaskwiseTransformer, [balance])
