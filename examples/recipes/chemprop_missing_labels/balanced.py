"""Chemprop, balanced: each property is a task, and one without a label in the batch is absent."""

from chemprop import models

from lightning_go4align import MultiTaskCallback
from recipes.chemprop_missing_labels import plain


class TaskwiseMPNN(models.MPNN):
    """Chemprop's model, which keeps the loss of each target aside."""

    def training_step(self, batch, batch_idx):
        hook = self.criterion.register_forward_hook(self._keep)
        loss = super().training_step(batch, batch_idx)
        hook.remove()
        return loss

    def _keep(self, criterion, args, loss):
        _, _, mask, weights, _, _ = args
        unreduced = criterion._calc_unreduced_loss(*args) * weights.view(-1, 1)
        unreduced = unreduced * criterion.task_weights * mask
        shares, labelled = unreduced.sum(dim=0) / mask.sum(), mask.any(dim=0).tolist()
        pairs = zip(shares, labelled, strict=True)
        self.parts = [share if there else None for share, there in pairs]


def task_losses(module, output, batch):
    """Name the losses that the step kept."""
    return dict(zip(plain.PROPERTIES, vars(module).pop("parts"), strict=True))


def fit(method, optimization="manual", callbacks=(), checkpoint=None):
    """Train as the plain script does."""
    names = list(plain.PROPERTIES)
    balance = MultiTaskCallback(method, optimization, tasks=names, losses=task_losses)
    return plain.fit(plain.build(TaskwiseMPNN), [balance, *callbacks], checkpoint)
