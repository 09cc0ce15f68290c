"""高空抛物: Object thrown from height."""
