"""Figures that are the value of a cell: no window of pyplot holds them, so that Sphinx-Gallery misses them."""

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def shown_figure(block: object, variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Save the figure that is the value of a cell.

    Args:
        block: The cell.
        variables: What Sphinx-Gallery knows of the script; the value of the cell is its global ``___``.
        gallery: Sphinx-Gallery's configuration.

    Returns:
        The reStructuredText that shows it; empty if the value is no figure.
    """
    figure = variables["example_globals"].get("___")
    if not isinstance(figure, Figure):
        return ""
    path = next(variables["image_path_iterator"])
    figure.savefig(path, dpi=160)
    return str(figure_rst([path], gallery["src_dir"], "A picture of the run"))
