"""What must not travel with a page that people send each other, nor go to a logger."""

import re

# A token is one at the end of a name: `max_tokens` and `tokenizer` are none.
_SECRET = re.compile(r"(?i)token$|secret|passw|passphrase|pwd$|credential|(api|access|private|auth)_?key")
_INSIDE = re.compile(r"""(?P<name>[\w.-]+)(?P<between>["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^"',{}\[\]\s]+)""")
_ADDRESS = re.compile(r"(?P<before>[A-Za-z][\w+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)")
HIDDEN = "(hidden)"


def is_secret(key: str) -> bool:
    """Tell whether a setting's name says that its value is a secret.

    Example:
        >>> is_secret("trainer.logger.init_args.api_key"), is_secret("model.method.num_groups")
        (True, False)
        >>> is_secret("hf_token"), is_secret("model.tokenizer")
        (True, False)
    """
    return bool(_SECRET.search(key.rpartition(".")[2]))


def without_passwords(text: str) -> str:
    """Hide the password of an address, which no name tells.

    Example:
        >>> without_passwords("http://me:123@tracking.example.org/runs")
        'http://me:(hidden)@tracking.example.org/runs'
    """
    return _ADDRESS.sub(rf"\g<before>{HIDDEN}", text)


def without_secrets(arguments: list[str]) -> list[str]:
    """Hide what is a secret by its name, after ``=``, as the next argument or within one, and passwords of addresses.

    Example:
        >>> without_secrets(["fit", "--logger.api_key=123", "--token", "456", "--seed", "1"])
        ['fit', '--logger.api_key=(hidden)', '--token', '(hidden)', '--seed', '1']
        >>> without_secrets(['--trainer.logger={"init_args": {"api_key": "123", "project": "qm9"}}'])
        ['--trainer.logger={"init_args": {"api_key": "(hidden)", "project": "qm9"}}']
    """
    shown, hides = [], False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        named = argument.startswith("-") and is_secret(name)
        inside = without_passwords(_INSIDE.sub(_hidden_inside, argument))
        shown.append(HIDDEN if hides else f"{name}={HIDDEN}" if named and equals else inside)
        hides = named and not equals
    return shown


def _hidden_inside(match: re.Match[str]) -> str:
    quote = match[3][0] if match[3][0] in "\"'" else ""
    return f"{match['name']}{match['between']}{quote}{HIDDEN}{quote}" if is_secret(match["name"]) else match[0]
