"""Both ways in which Lightning optimizes; a test that is marked so runs in each."""

import pytest

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])
