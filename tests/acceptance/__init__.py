"""Promises of whole processes, over real sockets; a package, so that what is shared ends with it."""
