"""The page: HTML, its style, and figures as inline SVG in the reader's own colour scheme."""

import io
import re
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from string import Template

from matplotlib.figure import Figure

from lightning_go4align.history import History
from lightning_go4align.plots.style import HALF, WIDE, palette, style
from lightning_go4align.report.facts import sentences, tiles
from lightning_go4align.report.figures import ReportFigure, figures


def page(history: History) -> str:
    """Write a run as one HTML page that needs nothing else, not even a network.

    Args:
        history: The run.

    Returns:
        HTML, with one figure for each shown.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> page(example_history()).count("<figure")
        12
    """
    name = escape(history.notes.run or "group dynamics")
    cards = "\n".join(_card(shown, history) for shown in figures(history))
    said = "".join(f"<li>{_bold(sentence)}</li>" for sentence in sentences(history))
    return _PAGE.substitute(
        name=name,
        light=_variables("light"),
        dark=_variables("dark"),
        about=" · ".join(_about(history)),
        tiles="".join(
            f"<div><b>{escape(t.label)}</b><strong>{escape(t.value)}</strong>{escape(t.detail)}</div>"
            for t in tiles(history)
        ),
        sentences=f"<ul>{said}</ul>" if said else "",
        cards=cards or "<p>No training step was recorded.</p>",
    )


def inline(figure: Figure) -> str:
    """Turn a figure that was drawn in the light style into SVG that follows the page's colours.

    Each colour of the light style sheet becomes a CSS variable of its role. Text stays text, and what names a host
    or a date is left out.

    Args:
        figure: The figure.

    Returns:
        An ``<svg>`` element, as wide as its container.

    Example:
        >>> from lightning_go4align import plots
        >>> from lightning_go4align.plots.example import example_history
        >>> svg = inline(plots.moves(example_history()))
        >>> svg[:4], "var(--accent)" in svg, "<!DOCTYPE" in svg
        ('<svg', True, False)
    """
    buffer = io.StringIO()
    with style("light"):
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' id="[a-zA-Z0-9]+_\d+"', "", svg)  # would repeat from figure to figure; nothing refers to them
    for role, colour in palette("light").items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg


def _card(shown: ReportFigure, history: History) -> str:
    with style("light"):
        figure = shown.draw(history)
    size = "wide" if figure.get_figwidth() == WIDE else "half" if figure.get_figwidth() == HALF else "third"
    heading = f"<h2>{escape(shown.title)}</h2><p>{escape(shown.caption)}</p>"
    picture = f'<figure role="img" aria-label="{escape(shown.title)}">{inline(figure)}</figure>'
    return f'<section class="{size} rows{shown.rows}">{heading}{picture}</section>'


def _about(history: History) -> list[str]:
    notes = {name: value for name, value in asdict(history.notes).items() if name not in ("run", "seconds")}
    epochs = round(float(history.validations.epochs[-1]), 2) if len(history.validations) else 0
    numbers = {"tasks": len(history.tasks), "steps": f"{history.total:,}", "epochs": epochs}
    return [f"{escape(name)} <b>{escape(_plain(value))}</b>" for name, value in (notes | numbers).items() if value]


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bold(sentence: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(sentence))


def _variables(name: str) -> str:
    colours: Sequence[tuple[str, str]] = list(palette("dark" if name == "dark" else "light").items())
    return "".join(f"--{role}:{colour};" for role, colour in colours)


_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$name · group dynamics</title>
<link rel="icon" href="data:,">
<style>
:root{$light--page:#fafaf8;--edge:#e7e8ea}
@media(prefers-color-scheme:dark){:root{$dark--page:#121418;--edge:#2a2e37}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink)}
body,svg text{font-family:system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif!important}
body{font-size:14px;line-height:1.45}
main{max-width:1200px;margin:auto;padding:40px 24px 56px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:15px;margin:0}
.about,section>p,.tiles div,li{color:var(--muted);font-size:13px}
section>p{margin:2px 0 10px}
.about{margin:0 0 22px;overflow-wrap:anywhere}
b{color:var(--ink);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:12px;margin-bottom:18px}
.tiles div,section{background:var(--paper);border:1px solid var(--edge);border-radius:10px}
.tiles div{padding:12px 14px;font-size:12px}
.tiles b{display:block;font-weight:400;color:var(--muted)}
.tiles strong{display:block;font-size:21px;line-height:1.5;color:var(--ink);white-space:nowrap}
ul{columns:2;column-gap:32px;margin:0 0 20px;padding-left:18px}
li{break-inside:avoid;margin-bottom:4px}
.cards{display:grid;grid-template-columns:repeat(6,1fr);gap:16px;align-items:start}
section{padding:16px 18px;min-width:0}
.wide{grid-column:span 6}.half{grid-column:span 3}.third{grid-column:span 2}.half.rows2{grid-row:span 2}
figure{margin:0;overflow-x:auto}
svg{display:block;width:100%;height:auto}
@media(max-width:900px){.half,.third{grid-column:span 6}ul{columns:1}.wide svg{min-width:760px}}
@media(max-width:600px){main{padding:24px 12px}.cards{gap:12px}section{padding:14px 12px}.half svg{min-width:500px}
.wide figure::after,.half figure::after{content:"swipe →";position:sticky;left:0;color:var(--muted);font-size:12px}}
</style>
</head>
<body>
<main>
<h1>$name</h1>
<p class="about">$about</p>
<div class="tiles">$tiles</div>
$sentences
<div class="cards">
$cards
</div>
</main>
</body>
</html>
""")
