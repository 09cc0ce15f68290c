"""Invented citizens: messages as people might write them, all synthetic, from written phrases."""
