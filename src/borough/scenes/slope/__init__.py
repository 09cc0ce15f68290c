"""危岩地灾: the ground above a house or a road begins to move."""
