"""What goes out of the house: hooks and notices, carried by one thread of the desk."""
