"""Builds the native search engine; everything else is in pyproject.toml.

Without a compiler the installation goes on, and the searches run in Python.
"""

import os
import platform
from pathlib import Path

from pybind11 import get_include
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = Path("verifiers", "native")
X86 = platform.machine().lower() in ("x86_64", "amd64")
# No fused multiply-add anywhere: every instruction set gives the same bits.
COMMON = ["-std=c++20", "-fPIC", "-g0", "-fvisibility=hidden", "-fno-math-errno"]
COMMON += ["-fno-fast-math", "-ffp-contract=off"]
COMMON += ["-DCERTIFY_X86"] if X86 else []
ENGINES = {"plain": []}
if X86:
    ENGINES |= {"avx2": ["-mavx2"], "avx512": ["-mavx512f", "-mavx512dq", "-mavx512vl"]}


class BuildNative(build_ext):
    """Compiles block.cpp once for each instruction set, the rest once."""

    def build_extension(self, extension: Extension) -> None:
        """Build the one extension module."""
        folder = Path(self.build_temp)
        objects = []
        for name, flags in ENGINES.items():
            options = ["-O3", "-Wno-psabi", f"-DCERTIFY_ISA={name}", *flags]
            objects += self._compile(folder / name, [SOURCES / "block.cpp"], options)
        parts = (
            "assemble",
            "check_tape",
            "compile",
            "compile_sums",
            "graph",
            "paths",
            "placement",
            "search",
        )
        objects += self._compile(folder, [SOURCES / f"{name}.cpp" for name in parts], ["-O2"])
        objects += self._compile(folder, [SOURCES / "module.cpp"], ["-Os", f"-I{get_include()}"])
        target = self.get_ext_fullpath(extension.name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        self.compiler.link_shared_object(objects, target, target_lang="c++")

    def _compile(self, folder: Path, sources: list[Path], options: list[str]) -> list[str]:
        names: list[str] = self.compiler.compile(
            [str(s) for s in sources],
            output_dir=str(folder),
            include_dirs=self.include_dirs,
            extra_postargs=[*COMMON, *options],
        )
        return names


setup(
    ext_modules=[
        Extension(
            "certify.verifiers._native",
            [str(p) for p in sorted(SOURCES.glob("*.cpp"))],
            depends=[str(p) for p in sorted(SOURCES.glob("*.hpp"))],
            language="c++",
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildNative},
)
