"""Files on cases: looked at before they are kept, kept under their digests, given as copies."""
