"""道路积水: how deep the water stands on a road, and how fast it rises."""
