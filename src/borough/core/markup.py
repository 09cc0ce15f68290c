"""Text that may stand in an XML document."""

import re

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped (XML 1.0, fifth edition, production 2)."""


def printable(text: str) -> str:
    r"""Replace what XML cannot say, control characters and halves of characters, by U+FFFD.

    >>> printable("a\x00b\tc")
    'a�b\tc'
    """
    return _FORBIDDEN.sub("\ufffd", text)
