"""A study on one page: tables, pictures, configuration, commands, versions, machine."""

import base64
import dataclasses
import os
import platform
import re
from collections.abc import Sequence
from html import escape, unescape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template
from typing import Any

import yaml

from lightning_go4align import __version__
from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.plain_text import in_html
from lightning_go4align.studies.plan import Plan

PACKAGES = ("torch", "lightning", "torchjd", "torchmetrics", "numpy", "scipy")


def write_page(plan: Plan, folder: Path, command: str, pictures: Sequence[Path]) -> Path:
    """Write ``study.html``, which needs no other file and no network.

    Args:
        plan: The study's plan.
        folder: The study's folder, where its tables are.
        command: What makes all of it.
        pictures: Those of its results: the folder may hold older ones.

    Returns:
        The page.
    """
    files = [folder / name for name in ("table.md", "statistics.md", "search.md")]
    tables = [file.read_text() for file in files if file.is_file()]
    content = _PAGE.substitute(
        name=escape(plan.study.name),
        tables="".join(map(html, tables)),
        pictures="".join(map(_picture, pictures)),
        facts="".join(f"<li>{escape(name)}: <b>{escape(value)}</b></li>" for name, value in facts().items()),
        command=escape(command),
        configurations="".join(_configuration(name, text) for name, text in configurations(plan).items()),
    )
    with atomic_write(folder / "study.html") as file:
        file.write_text(content, encoding="utf-8")
    return folder / "study.html"


def facts() -> dict[str, str]:
    """What results depend on beside the configuration: versions, and the kind of machine, without its name.

    Example:
        >>> from importlib.metadata import version
        >>> facts()["torch"] == version("torch")  # `torch.__version__` may name CUDA as well
        True
    """
    packages = {name: found for name in PACKAGES if (found := _version(name)) is not None}
    import torch  # takes seconds, which a study's plan need not wait for

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    machine = {"system": f"{platform.system()} {platform.machine()}", "processors": str(os.cpu_count())}
    machine |= {"GPUs": ", ".join(gpus)} if gpus else {}
    return {"lightning-go4align": __version__, "Python": platform.python_version(), **packages, **machine}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def configurations(plan: Plan) -> dict[str, str]:
    """The study, and the whole configuration of each method, as YAML; folders of this machine are left out.

    Args:
        plan: The study's plan.
    """
    study = dataclasses.asdict(dataclasses.replace(plan.study, outputs=[], folder="", benchmark=[], baseline=None))
    for method in (*study["methods"].values(), *study["single_task"].values()):
        del method["configs"]  # paths, of which the content stands below
    for key in ("methods", "single_task"):
        study[key] = {name: _said(method) for name, method in study[key].items()}
    study["resources"] = _said(study["resources"])
    whole = {"The study": _said(study), **plan.configs}
    return {name: yaml.safe_dump(content, sort_keys=False, allow_unicode=True) for name, content in whole.items()}


def _said(entries: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value not in ("", [], {}, None)}


def html(text: str) -> str:
    r"""Turn Markdown as this package writes it, paragraphs and tables, into HTML.

    Args:
        text: The Markdown.

    Example:
        >>> html("Of *two*.\n\n| a | b |\n| :-- | --: |\n| 1 | **2\\|3** |\n")
        '<p>Of *two*.</p><div class="table" tabindex="0" role="region" aria-label="Table of a, b"><table>...'
    """
    parts = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        is_table = lines[0].startswith("| ")
        parts.append(_table(lines) if is_table else f"<p>{in_html(' '.join(lines))}</p>")
    return "".join(parts)


def _table(lines: list[str]) -> str:
    rows = [[in_html(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    header = "".join(f'<th scope="col">{cell}</th>' for cell in rows[0])
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows[2:])
    # It scrolls where it is too wide, by keyboard too; what it is called is heard there.
    label = escape(f"Table of {unescape(', '.join(rows[0][:3]))}")
    inner = f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table" tabindex="0" role="region" aria-label="{label}">{inner}</div>'


def _row(cells: list[str]) -> str:
    first, *rest = cells
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)


def _picture(file: Path) -> str:
    content = base64.b64encode(file.read_bytes()).decode()
    alternative = escape(f"Picture of {file.stem.replace('_', ' ')}; its numbers are in the tables")
    return f'<figure><img alt="{alternative}" src="data:image/png;base64,{content}"></figure>'


def _configuration(name: str, text: str) -> str:
    label = escape(f"Configuration of {name}")
    whole = f'<pre tabindex="0" role="region" aria-label="{label}">{escape(text)}</pre>'
    return f"<details><summary>{escape(name)}</summary>{whole}</details>"


_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$name</title>
<link rel="icon" href="data:,">
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:auto;padding:32px 20px;color:#1c2026;background:#fff}
b{unicode-bidi:isolate}table{border-collapse:collapse}.table{overflow-x:auto;margin:12px 0}
th,td{padding:4px 10px;border-bottom:1px solid #8886;text-align:right;white-space:nowrap;font-weight:400}
thead th{font-weight:600}th:first-child{text-align:left}summary{padding:3px 0}
figure{display:inline-block;margin:8px;max-width:calc(50% - 20px)}img{max-width:100%}
pre{overflow-x:auto;font-size:13px}
@media(max-width:800px){figure{max-width:100%}}
@media screen and (prefers-color-scheme:dark){body{color:#eceef3;background:#121418}}
@media print{@page{size:A4;margin:12mm}body{padding:0;font-size:12px}
.table{overflow:visible}th,td{white-space:normal}
figure{display:block;max-width:80%}figure,tr{break-inside:avoid}h2:has(+details:not([open])),
details:not([open]){display:none}}
</style>
</head>
<body>
<main>
<h1>$name</h1>
$tables
$pictures
<h2>How to run it again</h2>
<pre tabindex="0" role="region" aria-label="Commands">pip install lightning-go4align
$command</pre>
<ul>$facts</ul>
<h2>Configuration</h2>
$configurations
</main>
</body>
</html>
""")
