"""Citizens' requests on their way in: sorted, placed, merged, and given to whoever answers."""
