"""Former names of methods, which configurations and checkpoints still hold."""

import re

FORMER_NAMES = {"WithWeighedHeads": "WeightedHeads"}


def present_names(text: str) -> str:
    """Put present names in the place of former ones.

    Args:
        text: The path of a class, or a method's ``repr``, as a checkpoint holds it.

    Returns:
        The same with the names that the classes have now.

    Example:
        >>> present_names("GroupedAggregator(WithWeighedHeads(MGDAWeighting()))")
        'GroupedAggregator(WeightedHeads(MGDAWeighting()))'
    """
    return re.sub(r"\w+", lambda word: FORMER_NAMES.get(word[0], word[0]), text)
