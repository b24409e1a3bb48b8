"""Names of tasks in letters that matplotlib's own font lacks."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # it has no types
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # as above
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

from lightning_go4align import plots
from lightning_go4align.plots import letters
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.svg import inline

NAMES = ("深度", "a", "b", "🚀")


@pytest.fixture
def only_matplotlibs_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No other fonts, whatever is installed here."""
    own = [entry for entry in fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(letters, "_TOLD", set())
    letters._family_with.cache_clear()
    yield
    letters._family_with.cache_clear()


def a_font(path: Path, name: str, characters: str) -> Path:
    """A font of squares."""
    pen = TTGlyphPen(None)
    for move, point in zip("MLLL", [(0, 0), (0, 700), (700, 700), (700, 0)], strict=True):
        (pen.moveTo if move == "M" else pen.lineTo)(point)
    pen.closePath()
    square = pen.glyph()
    glyphs = [".notdef", *(f"u{ord(letter):X}" for letter in characters)]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in characters})
    builder.setupGlyf(dict.fromkeys(glyphs, square))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    return path


def drawn_families(names: tuple[str, ...]) -> dict[str, list[str]]:
    """The families of each name in a picture of weights, drawn; any warning is an error."""
    figure = plots.weights(replace(example_history(), tasks=names))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()
    found = {text.get_text(): text.get_fontfamily() for text in figure.findobj(Text)}
    return {name: found[name] for name in names}


@pytest.mark.usefixtures("only_matplotlibs_fonts")
def test_letters_come_from_whatever_font_has_them(tmp_path: Path) -> None:
    for name, characters in (("Squares of Paths", "深度"), ("Squares of Rockets", "🚀")):
        fontManager.addfont(a_font(tmp_path / f"{name}.ttf", name, characters))
    families = drawn_families(NAMES)
    assert families["深度"][1:] == ["Squares of Paths"]
    assert families["🚀"][1:] == ["Squares of Rockets"]
    assert families["a"] == families["深度"][:1]


@pytest.mark.usefixtures("only_matplotlibs_fonts")
def test_what_no_font_has_is_told_once_with_what_to_do() -> None:
    with pytest.warns(UserWarning, match="letters '度深🚀'.*Install one that has them") as told:
        FigureCanvasAgg(plots.weights(replace(example_history(), tasks=NAMES))).draw()
    assert len(told) == 1
    assert len(drawn_families(NAMES)["深度"]) == 1


@pytest.mark.usefixtures("only_matplotlibs_fonts")
def test_a_page_needs_no_font_for_them() -> None:
    figure = plots.weights(replace(example_history(), tasks=NAMES))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "深度" in inline(figure)


def test_letters_of_our_own_need_no_other_font() -> None:
    assert {len(families) for families in drawn_families(("γ = P ⊙ Q", "∆m ± σ", "naïve", "…→×")).values()} == {1}
