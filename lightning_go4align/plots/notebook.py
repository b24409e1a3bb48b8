"""Figures that show themselves in a notebook, without ``%matplotlib inline``."""

import base64
import io
from collections.abc import Mapping
from html import escape

import matplotlib as mpl
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from typing_extensions import override

from lightning_go4align.plots.letters import lettered

_DPI = 110


class Picture(Figure):
    """A matplotlib figure that a notebook shows, and that takes letters from other fonts where its own lacks them.

    Of a figure that no window of pyplot holds, a notebook prints the size alone, unless it was told
    ``%matplotlib inline``.

    Example:
        >>> Picture(figsize=(1, 1))._repr_png_()[1:4]
        b'PNG'
    """

    def _repr_png_(self) -> bytes:
        return _png(self)

    @override
    def draw(self, renderer: RendererBase) -> None:
        if self.canvas.get_default_filetype() == "svg" and mpl.rcParams["svg.fonttype"] == "none":
            super().draw(renderer)  # Words stay words: a browser finds their letters itself.
            return
        with lettered(self):
            super().draw(renderer)


class Pictures(dict[str, Figure]):
    """Pictures by their names, which a notebook shows one below the other.

    Args:
        figures: The pictures.
        titles: What to write above them, beside their names.

    Example:
        >>> Pictures({"<a>": Picture(figsize=(1, 1))})._repr_html_()[:40]
        '<figure><figcaption><code>&lt;a&gt;</cod'
    """

    def __init__(self, figures: Mapping[str, Figure], titles: Mapping[str, str] | None = None) -> None:
        super().__init__(figures)
        self._titles = dict(titles or {})

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No step is recorded: there is nothing to draw.</p>"
        return "".join(_shown(name, self._titles.get(name, ""), figure) for name, figure in self.items())


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def _shown(name: str, title: str, figure: Figure) -> str:
    content = base64.b64encode(_png(figure)).decode()
    caption = (f"<b>{escape(title)}</b> " if title else "") + f"<code>{escape(name)}</code>"
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<img alt="{escape(title or name)}" style="max-width:100%" src="data:image/png;base64,{content}"></figure>'
    )
