"""What the package costs: time, memory and size. Not shipped; ``python -m perf --help``."""
