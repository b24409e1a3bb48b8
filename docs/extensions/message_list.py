"""The directive ``message-list``: the messages of some modules, each with its cause."""

from typing import Any

from docutils import nodes
from error_messages import DOCS, Message, messages, part_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class MessageList(SphinxDirective):
    """List the messages of the parts of the package that are named; ``root`` is the package itself."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        self.env.note_dependency(str(DOCS / "causes.toml"))
        parts = self.arguments[0].split()
        listed = [message for message in messages() if part_of(message) in parts]
        if not listed:
            raise self.error(f"No messages in {self.arguments[0]!r}.")
        covered: set[str] = self.env.__dict__.setdefault("covered_messages", set())
        covered |= {message.text for message in listed}
        return [nodes.definition_list("", *(_item(message) for message in listed), classes=["messages"])]


def _item(message: Message) -> nodes.definition_list_item:
    kind = nodes.inline("", message.kind, classes=["kind"])
    term = nodes.term("", "", kind, nodes.Text(" "), *_inline(message.text))
    cause = nodes.paragraph("", "", *_inline(message.cause))
    return nodes.definition_list_item("", term, nodes.definition("", cause))


def _inline(text: str) -> list[nodes.Node]:
    """Turn what stands between backticks into code; everything else is plain text."""
    parts = text.replace("``", "`").split("`")
    return [nodes.literal("", part) if place % 2 else nodes.Text(part) for place, part in enumerate(parts) if part]


def _check(app: Sphinx, env: Any) -> None:
    missing = [f"{m.module}: {m.text}" for m in messages() if m.text not in getattr(env, "covered_messages", ())]
    if missing:
        raise ValueError(f"Messages on no page: {'; '.join(missing)}. Add their module to a `message-list`.")


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive to Sphinx."""
    app.add_directive("message-list", MessageList)
    app.connect("env-check-consistency", _check)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
