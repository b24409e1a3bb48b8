"""What must not travel with a page that people send each other."""

import re

_SECRET = re.compile(r"(?i)token|secret|passw|api_?key|credential")
HIDDEN = "(hidden)"


def is_secret(key: str) -> bool:
    """Tell whether a setting's name says that its value is a secret.

    Example:
        >>> is_secret("trainer.logger.init_args.api_key"), is_secret("model.method.num_groups")
        (True, False)
    """
    return bool(_SECRET.search(key.rpartition(".")[2]))


def without_secrets(arguments: list[str]) -> list[str]:
    """Hide the values of arguments whose names say that they are secrets, after ``=`` or as the next argument.

    Example:
        >>> without_secrets(["fit", "--logger.api_key=123", "--token", "456", "--seed", "1"])
        ['fit', '--logger.api_key=(hidden)', '--token', '(hidden)', '--seed', '1']
    """
    shown, hides = [], False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        named = argument.startswith("-") and is_secret(name)
        shown.append(HIDDEN if hides else f"{name}={HIDDEN}" if named and equals else argument)
        hides = named and not equals
    return shown
