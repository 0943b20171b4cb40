"""Why the checker says no: every refusal of the kernel is one of these.

```
CheckerError
├── LanguageError      an expression that the language does not have
├── FormatError        bytes that are not a certificate
├── TheoremError       a claim to which its theorem does not apply
└── Rejected           a certificate whose proof does not hold
```
"""

__all__ = ["CheckerError", "FormatError", "LanguageError", "Rejected", "TheoremError"]


class CheckerError(Exception):
    """Base of everything the checker raises on purpose."""


class LanguageError(CheckerError):
    """An expression, or an operation on expressions, outside the closed language."""


class FormatError(CheckerError):
    """The bytes are not a certificate in the one canonical format."""


class TheoremError(CheckerError):
    """The hypotheses of the theorem that need no search do not hold for this claim."""


class Rejected(CheckerError):
    """A proof does not establish its obligation; the message names the first failure."""
