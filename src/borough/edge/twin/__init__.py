"""The hydraulic twin: a real pipe network whose leaks are known, recorded zone by zone.

Reading a recording needs NumPy only; making one needs the extra ``twin`` (``wntr``).
"""

from borough.edge.twin.recording import Recording, Truth, load, names, read, truth

__all__ = ["Recording", "Truth", "load", "names", "read", "truth"]
