"""Small problem files for the tests of the command line, one for each verdict and property."""

from __future__ import annotations

LOOP = """\
name = "loop"
[system]
time = "discrete"
step = "0.1"
states = ["x", "y"]
inputs = ["u"]
[system.dynamics]
x = "x + step*y"
y = "y + step*u"
[controller]
u = "-x - 2*y"
[domain]
x = [-1, 1]
y = [-1, 1]
"""

_QUADRATIC = 'lyapunov = { quadratic = [["1.5", "0.5"], ["0.5", "0.6"]] }\n'
PROVED = LOOP + '[property]\nkind = "stability"\nlevel = "0.1"\n' + _QUADRATIC
OPEN_LEVEL = PROVED.replace('"0.1"\nlyap', '"largest"\nlyap')
REFUTED = PROVED.replace('"0.1"\nlyap', '"5"\nlyap')
EXTENDED = PROVED.replace('"0.1"\nlyap', '"0.1"\nextend = { steps = 16, depth = 10 }\nlyap')
# V has no definite sign near the origin, which no attack refutes and no search proves
UNKNOWN = OPEN_LEVEL.replace('["0.5", "0.6"]', '["0.5", "0"]')

SAFETY = """\
name = "barrier"
[system]
time = "discrete"
states = ["x"]
[system.dynamics]
x = "x/2"
[domain]
x = [-2, 2]
[property]
kind = "safety"
initial = "x**2 - 0.25 <= 0"
unsafe = "x - 1.5 >= 0"
barrier = { expression = "x**2 - 1" }
"""

OUTPUT = """\
name = "bounded"
[system]
time = "discrete"
states = ["x"]
[system.dynamics]
x = "x/2"
[domain]
x = [-2, 2]
[property]
kind = "output"
expression = "x**2 - x"
upper = "6.1"
"""

RESIDUAL = """\
name = "almost"
[system]
time = "discrete"
states = ["x"]
[system.dynamics]
x = "x/2 + 1e-6"
[domain]
x = [-1, 1]
[property]
kind = "stability"
level = "largest"
lyapunov = { expression = "x**2" }
"""

TRAINED = """\
name = "integrator"
[system]
time = "discrete"
step = "0.1"
states = ["x", "v"]
inputs = ["u"]
[system.dynamics]
x = "x + step*v"
v = "v + step*u"
[controller]
train = { limits = { u = ["-3", "3"] } }
[domain]
x = [-1, 1]
v = [-1, 1]
[property]
kind = "stability"
level = "largest"
[property.lyapunov]
train = { family = "lqr", samples = 2000 }
"""

BY_NAME = {
    "proved": PROVED,
    "open-level": OPEN_LEVEL,
    "refuted": REFUTED,
    "unknown": UNKNOWN,
    "extended": EXTENDED,
    "safety": SAFETY,
    "output": OUTPUT,
    "residual": RESIDUAL,
    "trained": TRAINED,
}

# millions of boxes: for what has to be interrupted
SLOW = """\
name = "slow"
[system]
time = "discrete"
step = "0.1"
states = ["x", "y", "z"]
inputs = ["u"]
[system.dynamics]
x = "x + step*y"
y = "y + step*(z - sin(x))"
z = "z + step*(u - z)"
[controller]
u = "-x - 2*y - z"
[domain]
x = [-1, 1]
y = [-1, 1]
z = [-1, 1]
[property]
kind = "stability"
level = "largest"
[property.lyapunov]
quadratic = [
  ["0.990", "0.313", "-0.103"],
  ["0.313", "1.000", "0.274"],
  ["-0.103", "0.274", "0.217"],
]
"""
