"""Table 5 of the paper: CityScapes. mIoU and accuracy in percent, depth as normalised disparity."""

from lightning_go4align.benchmarks.published_table import PublishedTable, Row

SINGLE_TASK = {
    "miou": 74.01,
    "pixel_accuracy": 93.16,
    "abs_err": 0.0125,
    "rel_err": 27.77,
}
HIGHER_IS_BETTER = frozenset(["miou", "pixel_accuracy"])

TABLE = PublishedTable(
    SINGLE_TASK,
    HIGHER_IS_BETTER,
    {
        "MGDA": Row((68.84, 91.54, 0.0309, 33.5), mean_rank=10.0, delta_m=44.14),
        "PCGrad": Row((75.13, 93.48, 0.0154, 42.07), mean_rank=6.25, delta_m=18.29),
        "CAGrad": Row((75.16, 93.48, 0.0141, 37.6), mean_rank=5.0, delta_m=11.64),
        "IMTL-G": Row((75.33, 93.49, 0.0135, 38.41), mean_rank=4.0, delta_m=11.1),
        "NashMTL": Row((75.41, 93.66, 0.0129, 35.02), mean_rank=2.5, delta_m=6.82),
        "LS": Row((70.95, 91.73, 0.0161, 33.83), mean_rank=8.5, delta_m=14.11),  # printed as a copy of SI's
        "SI": Row((70.95, 91.73, 0.0161, 33.83), mean_rank=8.5, delta_m=14.11),
        "RLW": Row((74.57, 93.41, 0.0158, 47.79), mean_rank=7.75, delta_m=24.38),
        "DWA": Row((75.24, 93.52, 0.016, 44.37), mean_rank=6.0, delta_m=21.45),
        "UW": Row((72.02, 92.85, 0.014, 30.13), mean_rank=5.75, delta_m=5.5),  # its row gives 5.88
        "FAMO": Row((74.54, 93.29, 0.0145, 32.59), mean_rank=5.5, delta_m=8.13),
        "GO4Align": Row((72.63, 93.03, 0.0164, 27.58), mean_rank=7.0, delta_m=8.11),
    },
)
