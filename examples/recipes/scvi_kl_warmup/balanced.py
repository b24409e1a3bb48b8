"""scvi-tools, balanced: the ELBO, with its KL as it warms up, and the classification are the tasks."""

from scvi.train import SemiSupervisedTrainingPlan
from scvi.train._callbacks import SubSampleLabels

from lightning_go4align import MultiTaskCallback
from recipes.scvi_kl_warmup import plain


class TaskwisePlan(SemiSupervisedTrainingPlan):
    """scvi-tools' own plan, which keeps the parts of its loss aside."""

    def forward(self, *args, **kwargs):
        *outputs, self.parts = super().forward(*args, **kwargs)
        return *outputs, self.parts


def task_losses(module, output, batch):
    """Add up the ELBO as SCANVI does; a batch without labels has no classification."""
    parts, factors = vars(module).pop("parts"), module.loss_kwargs
    kl = parts.kl_local["kl_local"] * factors["kl_weight"]
    elbo = parts.reconstruction_loss["reconstruction_loss"] + kl
    kind = parts.classification_loss
    kind = None if kind is None else kind * factors["classification_ratio"]
    return {"elbo": elbo.mean(), "kind": kind}


def fit(method, optimization="manual"):
    """Train as the plain script does; given others, scvi-tools drops its own callback."""
    balance = MultiTaskCallback(method, optimization, losses=task_losses)
    return plain.fit(TaskwisePlan, [SubSampleLabels(), balance])
