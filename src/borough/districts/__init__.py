"""Districts: folders of tables, no code."""
