from lightning_go4align.benchmarks.qm9 import QM9Module
from lightning_go4align.benchmarks.scored_module import ScoredModule
from lightning_go4align.cli.class_names import known_classes


def test_the_base_of_the_modules_is_no_class_that_a_configuration_may_name() -> None:
    names = known_classes(["lightning.pytorch.LightningModule"], "model")
    assert QM9Module.__name__ in names
    assert ScoredModule.__name__ not in names
