"""The exceptions of certify, and how they become exit codes.

```
CertifyError
├── InputError            bad problem file, expression, network or option        (exit 2)
│   ├── ExpressionError   text that is not an expression, with a caret
│   ├── ProblemError      a problem file that does not state a problem
│   └── NetworkError      a network or model that cannot be read exactly
├── UnsupportedError      a sound request that no installed verifier supports    (exit 2)
└── CertificateError      a certificate that the checker does not accept         (exit 5)
```

Refuted, unknown and timed-out are outcomes, never exceptions.
"""

__all__ = [
    "CertificateError",
    "CertifyError",
    "ExpressionError",
    "InputError",
    "NetworkError",
    "ProblemError",
    "UnsupportedError",
]


class CertifyError(Exception):
    """Base of every error that certify raises on purpose."""

    exit_code = 70


class InputError(CertifyError):
    """The input does not say what it has to; the message says where and what to write."""

    exit_code = 2


class ExpressionError(InputError):
    """Text that is not an expression of the language."""


class ProblemError(InputError):
    """A problem file, or problem object, that does not state a problem."""


class NetworkError(InputError):
    """A network or model that cannot be read exactly; the message names the node."""


class UnsupportedError(CertifyError):
    """No installed verifier supports the problem; the message says what would."""

    exit_code = 2


class CertificateError(CertifyError):
    """The checker does not accept the certificate."""

    exit_code = 5
