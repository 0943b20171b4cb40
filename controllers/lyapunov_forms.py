"""The forms that V may have, by name."""

from __future__ import annotations

from collections.abc import Mapping

from certify.controllers.form_absolute import Absolute
from certify.controllers.form_convex import Convex
from certify.controllers.form_squares import Squares
from certify.controllers.lyapunov_form import Form
from certify.controllers.option_values import advice
from certify.controllers.options import LqrOptions, NeuralOptions
from certify.errors import ProblemError

__all__ = ["FORMS", "form_of"]

FORMS: Mapping[str, Form] = {"squares": Squares(), "absolute": Absolute(), "convex": Convex()}


def form_of(settings: LqrOptions) -> Form:
    """The form that ``settings`` ask for; ProblemError if there is none of that name."""
    name = settings.form if isinstance(settings, NeuralOptions) else "squares"
    if name not in FORMS:
        message = f"training option 'form': there is no form {name!r} of V"
        raise ProblemError(f"{message}; {advice(name, FORMS)}")
    return FORMS[name]
