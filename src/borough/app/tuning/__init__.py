"""Parameters tried on the past and changed for good: replays, trials, the way to the journal."""
