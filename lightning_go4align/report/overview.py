"""What a reader sees first: what is wrong, the numbers, and a few sentences."""

from collections.abc import Mapping
from html import escape

from lightning_go4align.history import History
from lightning_go4align.plain_text import in_html
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.facts import Tile, sentences, tiles
from lightning_go4align.report.tables import table
from lightning_go4align.words import duration

_CALM = "No alarm: no task starves, every recorded loss was finite, and no group holds all tasks or never settles."


def overview(history: History) -> str:
    """Write alarms, tiles and sentences.

    Args:
        history: The run.

    Returns:
        HTML.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> "No alarm" in overview(example_history())
        True
    """
    summary = _list([in_html(sentence) for sentence in sentences(history)])
    return f'{_alarms(history)}\n<div class="tiles">{"".join(map(_tile, tiles(history)))}</div>\n{summary}'


def circumstances(history: History, config: Mapping[str, str]) -> str:
    """Write how a run was made: when, with what command, versions and configuration.

    Args:
        history: The run.
        config: Its configuration, words by dotted keys.

    Returns:
        HTML.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> "GO4Align" in circumstances(example_history(), {})
        True
    """
    notes = history.notes
    found = {"started": notes.started, "duration": duration(notes.seconds) if notes.seconds else ""}
    found |= {"command": notes.command, "versions": notes.versions, "method": notes.method}
    known = [[name, value] for name, value in found.items() if value]
    content = table("How it was run", ["what", "value"], known) if known else ""
    if config:
        settings = table("Configuration", ["key", "value"], [[key, value] for key, value in config.items()])
        content += f"<details><summary>Configuration ({len(config)} settings)</summary>{settings}</details>"
    return f'<div class="card">{content or "<p>Nothing was noted.</p>"}</div>'


def _alarms(history: History) -> str:
    found = alarms(history)
    if not found:
        return f'<p class="calm">{_CALM}</p>' if len(history.steps) else ""
    listed = _list([f"{in_html(alarm.what)} {in_html(alarm.advice)}" for alarm in found])
    return f'<section class="alarms" aria-labelledby="alarms"><h2 id="alarms">Look here first</h2>{listed}</section>'


def _tile(tile: Tile) -> str:
    label, value, detail, meaning = map(escape, tile)
    return f"<div><b>{label}</b><strong>{value}</strong>{detail}<i>{meaning}</i></div>"


def _list(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""
