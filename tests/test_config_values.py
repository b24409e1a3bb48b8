"""A study reads the values of a file as the command line does: a number in one is no text in the other."""

from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from lightning_go4align.config_files import read_config

VALUES = ["1e-3", "1E3", "-2e-05", "1.0e3", "1.e5", "+1e3", "1_0e2", "1.5", "3", "1.0e-3", ".5", "1e", "e3", "1e-3x"]
VALUES += ["true", "null", "~", "2024-01-02", ".inf", "0x1e3", "1e-3-1", "[1e-3, 2]", "{a: 1e-3}"]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_read_as_the_command_line_reads_it(value: str, tmp_path: Path) -> None:
    parser = ArgumentParser()
    parser.add_argument("--value", type=object)
    expected = parser.parse_string(f"value: {value}").value
    file = tmp_path / "one.yaml"
    file.write_text(f"value: {value}\n")
    found = read_config(file)["value"]
    assert (found, type(found)) == (expected, type(expected))
