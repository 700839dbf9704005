"""A person's code, run where it can do no harm, and taped: what it computes, step by step.

`pieces` is what was taken out of a file; `runner` starts a process for it and asks for results;
`child` is what runs in that; `box` and `filter` shut it in; `message` is what passes between the
two, JSON and plain arrays; `outcome` is how a run ends that gives none.

`record` runs a file on recording arrays (`hooked`, `program`). Where the file trains, the first
pass that moves its parameters is taped (`step`, `entries`); what it only defines (`uncalled`) is
called (`calls`, `arguments`). What it imports is in `modules`, `libraries` and `recording_numpy`.
Data that are not there are stand-ins (`unknown`, `answer`), whose `shapes` come from their use,
chosen by an `oracle` in runs one after the other (`search`, `left`, `remedies`). `tape` and
`arrays` write down each operation, with its place; `recording` is what goes to the parent, with the
network that is in it (`targets`, `network`, `sense`). In the child nothing is imported but NumPy.
"""
