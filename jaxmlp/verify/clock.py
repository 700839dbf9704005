"""The time that a call, and all of a file, may take."""

import time

from jaxmlp.verify.run.outcome import BudgetSpent

LIMIT = 5.0  # seconds a call may take
BUDGET = 60.0  # seconds all of a file may take


class Clock:
    """The time that a file may take in all.

    Args:
        budget: seconds, from now.
    """

    def __init__(self, budget: float = BUDGET):
        self.budget, self.end = budget, time.monotonic() + budget

    def left(self) -> float:
        """Seconds.

        Raises:
            BudgetSpent: there are none.
        """
        if (seconds := self.end - time.monotonic()) > 0:
            return seconds
        raise self.over()

    def over(self) -> BudgetSpent:
        """To be raised where there is none left."""
        return BudgetSpent(f"{self.budget:g}")
