"""Scenes that come with the product; each is a folder like any other."""
