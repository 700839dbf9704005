"""`python -m jaxmlp`: the command."""

from jaxmlp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
