"""可燃气体: gas gathers where a spark would do."""
