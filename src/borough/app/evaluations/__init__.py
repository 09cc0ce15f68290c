"""Evaluations joined together: returns in, scores out, and what the doors say of them."""
