"""Promises of whole processes, over real sockets; a package, so what is shared ends with it."""
