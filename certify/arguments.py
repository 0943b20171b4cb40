"""The arguments and options that several commands share."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "BOXES",
    "CORES",
    "Boxes",
    "CertificateFile",
    "CertificateOut",
    "Directory",
    "Engine",
    "Json",
    "Kernel",
    "NewFolder",
    "ProblemFile",
    "Program",
    "Recheckable",
    "Saving",
    "Seed",
    "TheoremOut",
    "Timeout",
    "Workers",
]

# One thread for each matrix product: the blocks are small, and processes are the parallelism.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")

# Expression graphs are many objects without cycles: to look for these often is in vain.
gc.set_threshold(100_000, 50, 100)
# The search for plugins of the library that reads problem files is slow, and finds none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
BOXES = 50_000_000

ProblemFile = Annotated[Path, typer.Argument(metavar="PROBLEM", help="a problem.toml")]
CertificateFile = Annotated[Path, typer.Argument(metavar="CERT", help="a certificate")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Kernel = Annotated[
    str,
    typer.Option(
        help="which checker: python; verified, a program proved in Coq; coq, as a theorem of Coq"
    ),
]
Program = Annotated[
    Path | None, typer.Option(help="for --kernel verified: the program, if not the one built here")
]
Recheckable = Annotated[
    bool,
    typer.Option("--recheckable", help="put the kernel from Coq in the page, to re-check it there"),
]
TheoremOut = Annotated[
    Path | None, typer.Option("-o", "--out", help="for --kernel coq: write the theorem here")
]
Timeout = Annotated[float | None, typer.Option(help="give up after so many seconds", min=0.001)]
Boxes = Annotated[int, typer.Option(help="boxes the search may look at", min=1)]
Workers = Annotated[int, typer.Option(help="processor cores to use", min=1, max=1024)]
Engine = Annotated[
    str,
    typer.Option(
        help="auto, branch-and-bound or z3; or dask://host:port, to search on a Dask cluster"
    ),
]
Seed = Annotated[int, typer.Option(help="seed of training and attacks", min=0, max=2**32 - 1)]
Saving = Annotated[
    float, typer.Option("--checkpoint", help="seconds between saves of the search", min=0)
]
Directory = Annotated[Path, typer.Option("-o", "--out", help="folder for the results")]
CertificateOut = Annotated[
    Path | None, typer.Option("-o", "--out", help="write the certificate here")
]
NewFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="a new folder")]
