"""Table 1 of the paper: NYUv2. Shares and mIoU in percent, depth in metres, angles in degrees."""

from lightning_go4align.benchmarks.published_table import PublishedTable, Row

SINGLE_TASK = {
    "miou": 38.3,
    "pixel_accuracy": 63.76,
    "abs_err": 0.6754,
    "rel_err": 0.278,
    "normal_mean": 25.01,
    "normal_median": 19.21,
    "within_11.25": 30.14,
    "within_22.5": 57.2,
    "within_30": 69.15,
}
HIGHER_IS_BETTER = frozenset(["miou", "pixel_accuracy", "within_11.25", "within_22.5", "within_30"])

TABLE = PublishedTable(
    SINGLE_TASK,
    HIGHER_IS_BETTER,
    {
        "MGDA": Row((30.47, 59.9, 0.607, 0.2555, 24.88, 19.45, 29.18, 56.88, 69.36), mean_rank=7.0, delta_m=1.38),
        "PCGrad": Row((38.06, 64.64, 0.555, 0.2325, 27.41, 22.8, 23.86, 49.83, 63.14), mean_rank=9.0, delta_m=3.97),
        "GradDrop": Row(
            (39.39, 65.12, 0.5455, 0.2279, 27.48, 22.96, 23.38, 49.44, 62.87), mean_rank=7.89, delta_m=3.58
        ),
        "CAGrad": Row((39.79, 65.49, 0.5486, 0.225, 26.31, 21.58, 25.61, 52.36, 65.58), mean_rank=5.33, delta_m=0.2),
        "IMTL-G": Row(
            (39.35, 65.6, 0.5426, 0.2256, 26.02, 21.19, 26.2, 53.13, 66.24), mean_rank=4.56, delta_m=-0.76
        ),  # its row gives -0.60
        "NashMTL": Row(
            (40.13, 65.93, 0.5261, 0.2171, 25.26, 20.08, 28.4, 55.47, 68.15), mean_rank=2.89, delta_m=-4.04
        ),
        "LS": Row((39.29, 65.33, 0.5493, 0.2263, 28.15, 23.96, 22.09, 47.5, 61.08), mean_rank=9.89, delta_m=5.59),
        "SI": Row((38.45, 64.27, 0.5354, 0.2201, 27.6, 23.37, 22.53, 48.57, 62.32), mean_rank=8.78, delta_m=4.39),
        "RLW": Row((37.17, 63.77, 0.5759, 0.241, 28.27, 24.18, 22.26, 47.05, 60.62), mean_rank=12.22, delta_m=7.78),
        "DWA": Row((39.11, 65.31, 0.551, 0.2285, 27.61, 23.18, 24.17, 50.18, 62.39), mean_rank=8.67, delta_m=3.57),
        "UW": Row((36.87, 63.17, 0.5446, 0.226, 27.04, 22.61, 23.54, 49.05, 63.65), mean_rank=8.33, delta_m=4.05),
        "FAMO": Row((38.88, 64.9, 0.5474, 0.2194, 25.06, 19.57, 29.21, 56.61, 68.98), mean_rank=4.33, delta_m=-4.1),
        "GO4Align": Row(
            (40.42, 65.37, 0.5492, 0.2167, 24.76, 18.94, 30.54, 57.87, 69.84), mean_rank=2.11, delta_m=-6.08
        ),
    },
)
