"""Scripts that each settle one question: `python -m experiments.NAME`."""
