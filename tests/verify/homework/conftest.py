"""These are files to be read, not modules to be imported."""

collect_ignore_glob = ["*"]
