"""Chromium without a window, and what a page and its console say in it."""

import json
import re
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from isolation import child_environment
from report.serving import served

_READY = """
<pre id="told" hidden></pre><script>
(async () => {
  const wait = (time) => new Promise((done) => setTimeout(done, time));
  for (let i = 0; i < 200 && document.getElementById("numbers") && !shared.charts.length; i++) await wait(50);
  await wait(300);
  const told = await (async () => { SCRIPT })();
  document.getElementById("told").textContent = JSON.stringify(told);
})();
</script></body>"""


def browser(tmp_path: Path) -> Callable[..., tuple[Any, list[str]]]:
    """Make what opens a page, runs a script in it, and returns what that tells and what the console says."""

    def open_page(
        html: str, script: str, *options: str, width: int = 1400, before: str = "", serves: bool = False
    ) -> tuple[Any, list[str]]:
        file = tmp_path / "opened.html"
        html = html.replace("</body>", f"<script>{before}</script>" + _READY.replace("SCRIPT", script))
        file.write_text(html)
        net = tmp_path / "net.json"
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--log-net-log={net}"]
        arguments += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", "--timeout=30000"]
        with served(html) if serves else nullcontext(file.as_uri()) as address:
            found = subprocess.run(
                ["chromium", *arguments, *options, "--virtual-time-budget=20000", "--dump-dom", address],
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
                env=child_environment(),
            )
        assert '"network_isolation_key":"file:' not in net.read_text()  # requests of the page, not the browser's own
        (told,) = re.findall(r'<pre id="told" hidden="">(.*?)</pre>', found.stdout, re.DOTALL)
        return json.loads(told), [line for line in found.stderr.splitlines() if "CONSOLE" in line]

    return open_page
