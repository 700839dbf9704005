"""A person's code, run where it can do no harm: its own process, its own folder, nothing else.

`pieces` is what was taken out of a file; `runner` starts a process for it and asks for results;
`child` is what runs in that; `box` and `filter` shut it in; `message` is what passes between the
two, JSON and plain arrays; `outcome` is how a run ends that gives none.
"""
