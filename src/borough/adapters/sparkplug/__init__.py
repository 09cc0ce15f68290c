"""Sparkplug B: the doors' side of edge nodes that announce their metrics at birth."""
