"""scvi-tools, balanced: reconstruction and KL are the tasks, and the warm-up acts behind the method."""

from scvi.train import TrainingPlan

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import LinearWarmup, WithFactors
from recipes.scvi_kl_warmup import plain


class TaskwisePlan(TrainingPlan):
    """scvi-tools' own plan, which keeps the parts of its loss aside."""

    def forward(self, *args, **kwargs):
        inference, generative, self.parts = super().forward(*args, **kwargs)
        return inference, generative, self.parts


def task_losses(module, output, batch):
    """Take the means over the cells, the KL without its warm-up."""
    parts = vars(module).pop("parts")
    return {
        "reconstruction": sum(parts.reconstruction_loss.values()).mean(),
        "kl": sum(parts.kl_local.values()).mean(),
    }


def fit(method, optimization="manual"):
    """Train as the plain script does."""
    warmed_up = WithFactors(method, {"kl": LinearWarmup(plain.WARMUP)})
    return plain.fit(TaskwisePlan, [MultiTaskCallback(warmed_up, optimization, losses=task_losses)])
