"""How a run ends that gives no result."""


class Crashed(Exception):
    """The function raised something, or gave back something that is no array.

    Attributes:
        line: how far down in what was called it came, 0 where that isn't known.
    """

    line = 0


class Died(Exception):
    """It ended the whole process: it isn't tried again in another way."""


class TimedOut(Exception):
    """It was still running at the end of its time."""


class Unfinished(Exception):
    """It gave back nothing."""


class BudgetSpent(Exception):
    """All the time that a file may take was over."""
