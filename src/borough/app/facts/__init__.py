"""Figures joined together: files in, checks over them, and what the doors say of them."""
