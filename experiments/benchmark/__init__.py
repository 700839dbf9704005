"""The parts of benchmark.py: the workloads, and this project's peers at them."""
