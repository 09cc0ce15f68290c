"""Run the `borough` command."""

from borough.cli import main

main()
