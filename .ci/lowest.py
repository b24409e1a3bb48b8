"""Print the lowest versions that setup.cfg promises, as constraints for pip."""

import configparser
import re
from pathlib import Path

EXTRAS = ("plot", "clustering", "qm9")
# What these ask for without an upper bound has to be as old as they are.
CONTEMPORARIES = {"lightning": "pytorch-lightning=={}", "matplotlib": "pyparsing<3.2"}


def lowest(config: Path) -> list[str]:
    """Turn each lower bound into that very version.

    Args:
        config: A ``setup.cfg``.

    Returns:
        Lines of a file of constraints.
    """
    parser = configparser.ConfigParser()
    parser.read(config, "utf-8")
    extras = parser["options.extras_require"]
    lines = "\n".join([parser["options"]["install_requires"], *(extras[extra] for extra in EXTRAS)])
    pinned = []
    for name, version in re.findall(r"^([\w-]+)(?:\[[\w,-]+\])?>=([\w.]+)", lines, re.MULTILINE):
        pinned.append(f"{name}=={version}")
        if name in CONTEMPORARIES:
            pinned.append(CONTEMPORARIES[name].format(version))
    return pinned


if __name__ == "__main__":
    print("\n".join(lowest(Path(__file__).parents[1] / "setup.cfg")))
