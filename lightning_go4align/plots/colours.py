"""Colours of groups and tasks; none of them is the only thing that tells two apart."""

import matplotlib as mpl
import numpy as np
from matplotlib.colors import hsv_to_rgb
from numpy.typing import NDArray

RAMP = mpl.colormaps["viridis"]
#: Patterns of the lines of neighbours: on, off, on, off, in line widths. Hues alone are alike to many eyes.
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 1.5), (1.5, 1.2), (7, 1.5, 1.5, 1.5))


def group_colours(num_groups: int) -> NDArray[np.float64]:
    """Colour groups by rank, shape ``[K, 4]``: dark is held back, bright is pushed."""
    return np.asarray(RAMP(np.linspace(0, 1, num_groups) if num_groups > 1 else [0.5]))


def group_inks(num_groups: int) -> NDArray[np.float64]:
    """Colour the lines of groups by rank, shape ``[K, 3]``: the hues of their areas, but visible on any paper."""
    return _level(group_colours(num_groups)[:, :3])


def task_colours(num_tasks: int) -> NDArray[np.float64]:
    """Colour tasks by place, shape ``[M, 3]``: neighbours look alike, all visible on light and on dark."""
    hues = np.linspace(0.01, 0.84, num_tasks) if num_tasks > 1 else np.array([0.62])
    return _level(hsv_to_rgb(np.stack([hues, np.full_like(hues, 0.68), np.full_like(hues, 0.8)], axis=1)))


def _level(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring all to the luminance that contrasts with white as with black: at least 3, as WCAG asks of graphics."""
    luminance = colours**2.2 @ [0.2126, 0.7152, 0.0722]
    scaled = colours * (0.2 / luminance[:, None]) ** (1 / 2.2)
    # What a channel cannot hold goes to the others, so that dark blues get as light as they have to.
    over = (scaled - 1).clip(0).max(1, keepdims=True)
    return np.asarray((scaled + over * (1 - scaled.clip(max=1))).clip(0, 1))
