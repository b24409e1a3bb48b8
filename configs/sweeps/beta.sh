#!/bin/sh
# The runs of beta.yaml one after another, without W&B. Further arguments go to each run:
#   configs/sweeps/beta.sh --config=configs/qm9/quick.yaml
set -e
for beta in 0.00001 0.0001 0.001 0.01 0.1; do
    for seed in 0 1 2; do
        go4align fit --config=configs/qm9/base.yaml --config=configs/qm9/go4align.yaml "$@" \
            --model.method.beta="$beta" --seed_everything="$seed" \
            --trainer.logger.save_dir="logs/beta_$beta/seed_$seed"
    done
done
