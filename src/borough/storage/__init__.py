"""Keep the registry, the cases, the journal and the history."""
