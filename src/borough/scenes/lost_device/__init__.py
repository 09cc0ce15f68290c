"""设备失联: a device that ought to speak has fallen silent."""
