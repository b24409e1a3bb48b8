"""What a study writes beside its tables."""

from pathlib import Path
from typing import Protocol

from lightning_go4align.studies.results import Results


class Output(Protocol):
    """Makes a file of a study's results. A class named in ``outputs`` of a study.

    Its attribute ``needs``, if it has one, names what must be there: ``baseline`` or ``x`` of methods in the
    study, ``matplotlib`` installed.
    """

    def __call__(self, results: Results, folder: Path) -> None:
        """Write into the study's folder."""
