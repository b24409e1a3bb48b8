"""``python -m lightning_go4align`` is ``go4align``."""

from lightning_go4align.cli import main

main()
