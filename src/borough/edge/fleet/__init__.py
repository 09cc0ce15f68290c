"""The fleet: a district's devices, simulated in one process that speaks real MQTT.

It stands beside the district as its devices would.  It knows which devices there are, writes
what they report through their gateways, plants events whose truth only it knows, listens to the
public live stream, and says in the end what was noticed, what was missed and how fast.  All it
sends is synthetic, or a recording that says so.  It imports ``core`` and never a scene.
"""
