"""A person's code, run where it can do no harm: its own process, its own folder, nothing else.

`runner` starts a process for one file and asks it for results; `child` is what runs in it; `box` is
what shuts it in; `message` is what passes between the two: JSON and plain arrays.
"""
