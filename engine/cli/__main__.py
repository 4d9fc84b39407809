"""`python -m engine.cli` is `tierwise`."""

from engine.cli import main

main()
