"""What the theorems conclude and what they assume, in words."""

__all__ = [
    "BOUNDED",
    "CONTINUOUS",
    "DISCRETE",
    "EXACT",
    "EXTENDED",
    "MODEL",
    "RECOVERED",
    "RESIDUAL",
    "RULED",
    "SAFE",
    "STABLE",
    "STATE",
]

EXACT = "Arithmetic is exact: states, controller and plant are real-valued, not rounded."
MODEL = "The plant is the stated one: parameters and disturbances stay within their intervals."
STATE = "The controller sees the exact state, without delay."
FIXED = "Uncertain parameters are constant in time; disturbances may vary at every instant."
SAMPLED = "The plant advances by one step as stated; behaviour between samples is not claimed."
ODE = (
    "The controller acts continuously in time (no sampling); a solution is an absolutely "
    "continuous function that satisfies the differential equation for almost every time, "
    "with measurable disturbances."
)
DISCRETE = (EXACT, MODEL, STATE, FIXED, SAMPLED)
CONTINUOUS = (EXACT, MODEL, STATE, FIXED, ODE)

STABLE = (
    "the equilibrium is stable; every trajectory that starts in {V <= level} within the "
    "domain stays there, V decreases along it at the stated rate, and it converges to the "
    "equilibrium"
)
RESIDUAL = (
    "every trajectory that starts in {V <= level} within the domain stays there, enters "
    "{V <= residual} in finite time and never leaves it again; convergence to the "
    "equilibrium itself is not claimed"
)
SAFE = (
    "every trajectory that starts in the initial set within the domain stays in the domain "
    "with barrier <= 0 and never reaches the unsafe set"
)
BOUNDED = "the expression is within its bounds everywhere in the domain"
RULED = (
    "everywhere in the domain, where all conditions of a rule hold, all its conclusions hold for "
    "what the controller decides there"
)
EXTENDED = (
    "every trajectory that starts in a cell that the paving keeps stays in the domain, enters "
    "{V <= level} within the stated number of steps and converges to the equilibrium, which is "
    "stable, and around which {V <= level} is as in T-STAB-D; the cells have at least the "
    "stated volume"
)
RECOVERED = (
    "every trajectory that starts in the initial set within the domain, or in a cell that the "
    "paving keeps, is in the target after the stated number of steps at the latest, and in the "
    "domain until then; where a number of steps away is stated, it stays in the domain for ever, "
    "and from one of these visits on it is out of the target for no more than so many steps in a "
    "row; the cells have at least the stated volume"
)
