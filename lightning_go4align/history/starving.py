"""When a task starves: the live warning and the page judge by the same numbers."""

STARVED = 1e-3  # of an even share
LEARNED = 1e-2  # of a task's first loss
DRAWN = 10  # times M steps: one of M tasks drawn at random per step is left out for so long once in 20,000 times
