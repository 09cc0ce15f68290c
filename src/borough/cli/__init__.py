"""The `borough` command: one file per verb."""
