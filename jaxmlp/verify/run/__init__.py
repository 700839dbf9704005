"""A person's file, run on recording arrays: what it computes as a tape, step by step.

This is the part that works in the child process, beside the person's code. It imports nothing but
NumPy, and gives back plain data: numbers, strings, lists and arrays.

`record` runs a file. Where the file trains, the first pass that moves its parameters is taped
(`step`, `network`); what it only defines is called (`calls`), with stand-ins for data (`unknown`,
`search`). `tape` and `arrays` write down each operation, with its place; `recording` is what goes
to the parent.
"""
