"""What setup.cfg cannot hold: on a package index the README's links and pictures lead into the repository."""

import re
from pathlib import Path

from setuptools import setup

REPOSITORY = "lightning-go4align/lightning-go4align"


def readme() -> str:
    """Make the relative links of the README absolute."""
    text = Path(__file__).with_name("README.md").read_text("utf-8")
    text = re.sub(r"(!\[[^\]]*\]\()(?!https?:)", rf"\1https://raw.githubusercontent.com/{REPOSITORY}/main/", text)
    return re.sub(r"((?<!!)\[[^\]]*\]\()(?!https?:|#)", rf"\1https://github.com/{REPOSITORY}/blob/main/", text)


setup(long_description=readme())
