#!/bin/sh
# The runs of num_groups.yaml one after another, without W&B. Further arguments go to each run:
#   configs/sweeps/num_groups.sh --config=configs/qm9/quick.yaml
set -e
for num_groups in 2 3 5 8; do
    for seed in 0 1 2; do
        go4align fit --config=configs/qm9/base.yaml --config=configs/qm9/go4align.yaml "$@" \
            --model.method.num_groups="$num_groups" --seed_everything="$seed" \
            --trainer.logger.save_dir="logs/num_groups_$num_groups/seed_$seed"
    done
done
