"""Programs that stand beside devices and speak only through the public doors."""
