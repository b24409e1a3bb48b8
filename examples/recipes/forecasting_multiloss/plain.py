"""pytorch-forecasting as it is: one Temporal Fusion Transformer for two series, each with a loss of its own kind."""

import lightning.pytorch as pl
import numpy as np
import pandas as pd
from pytorch_forecasting import TemporalFusionTransformer, TimeSeriesDataSet
from pytorch_forecasting.data import GroupNormalizer, MultiNormalizer
from pytorch_forecasting.metrics import MultiLoss, NormalDistributionLoss, QuantileLoss

EPOCHS, LENGTH, AHEAD, SEED = 20, 60, 4, 0
TARGETS = ["demand", "price"]


def frame() -> pd.DataFrame:
    """Make four shops with a daily demand near 2 and a price near 0.03."""
    random, day = np.random.default_rng(0), np.arange(LENGTH)
    shops = []
    for shop in range(4):
        demand = 2 + np.sin(day / 3) + random.normal(0, 0.1, LENGTH)
        price = 3e-2 + 1e-2 * np.cos(day / 4) + random.normal(0, 1e-3, LENGTH)
        shops.append(pd.DataFrame({"day": day, "shop": str(shop), "demand": demand, "price": price}))
    table = pd.concat(shops, ignore_index=True)
    table["shop"] = table["shop"].astype(object)
    return table


def data(table: pd.DataFrame) -> tuple[TimeSeriesDataSet, TimeSeriesDataSet]:
    """Split into the days to learn from and the last ones, in pytorch-forecasting's layout."""
    train = TimeSeriesDataSet(
        table[table["day"] < LENGTH - AHEAD],
        "day",
        TARGETS,
        ["shop"],
        max_encoder_length=10,
        max_prediction_length=AHEAD,
        time_varying_unknown_reals=TARGETS,
        target_normalizer=MultiNormalizer([GroupNormalizer(groups=["shop"]) for _ in TARGETS]),
    )
    return train, TimeSeriesDataSet.from_dataset(train, table, predict=True, stop_randomization=True)


def build(train: TimeSeriesDataSet, kind: type = TemporalFusionTransformer) -> TemporalFusionTransformer:
    """Make a small transformer: quantiles of the demand, a normal distribution of the price."""
    return kind.from_dataset(
        train,
        hidden_size=8,
        attention_head_size=1,
        hidden_continuous_size=4,
        learning_rate=1e-2,
        loss=MultiLoss([QuantileLoss(), NormalDistributionLoss()]),
        output_size=[7, 2],
        log_interval=-1,
        reduce_on_plateau_patience=2,
    )


def fit(kind: type = TemporalFusionTransformer, callbacks: list[pl.Callback] | None = None) -> pl.Trainer:
    """Train; the trainer has the module and the metrics that pytorch-forecasting logs."""
    pl.seed_everything(SEED, verbose=False)
    train, validation = data(frame())
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        gradient_clip_val=0.1,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        build(train, kind),
        train.to_dataloader(train=True, batch_size=16, num_workers=0),
        validation.to_dataloader(train=False, batch_size=16, num_workers=0),
    )
    return trainer


METRICS = ["val_loss", "demand val_MAE", "price val_MAE"]
BOUNDS = [0.0, -10.0]  # for methods that need positive losses: a density can be larger than 1
