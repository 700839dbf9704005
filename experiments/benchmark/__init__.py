"""The parts of the benchmark of training: the workloads, and this project's peers at them."""
