"""The extensions, and nothing else: every other fact about the package stands in pyproject.toml.

CYHTTPX_BUILD_EXT=yes   a compile error ends the build (CI, wheels)
CYHTTPX_BUILD_EXT=no    a pure wheel: the h11-based engine alone
unset                   try to compile; if that fails, warn and build pure

All or nothing: half an engine is worse than none (`cyhttpx._engine` refuses it), so what was built is removed when a part fails.
CYHTTPX_DEBUG=1 compiles for looking: -O0 -g, bounds checks, line tracing, C asserts. CYHTTPX_SANITIZE=1 adds ASan and UBSan.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PARTS = (
    "headers",
    "_head",
    "_body",
    "_lines",
    "_values",
    "http1",
    "stream",
    "pool",
    "reactor",
    "fields",
    "_draft",
    "trip",
)


def switch(name: str, words: tuple[str, ...]) -> str:
    """Read a switch from the environment by comparing words: bool() would read "0" as on."""
    value = os.environ.get(name, "").strip().lower()
    if value not in words:
        raise SystemExit(f"{name}={value!r} is not one of {', '.join(repr(word) for word in words)}")
    return value


BUILD_EXT = switch("CYHTTPX_BUILD_EXT", ("", "yes", "no"))
DEBUG = switch("CYHTTPX_DEBUG", ("", "0", "1")) == "1"
SANITIZE = switch("CYHTTPX_SANITIZE", ("", "0", "1")) == "1"


class AllOrNothing(build_ext):
    """Builds every extension or leaves none behind."""

    def finalize_options(self) -> None:
        # The distribution lists placeholders (see the foot of this file); here a missing Cython can still become the pure build.
        try:
            self.distribution.ext_modules = compiled_sources()
        except Exception as error:
            self.build_pure(error)
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            self.build_pure(error)

    def build_pure(self, error: Exception) -> None:
        if BUILD_EXT == "yes":
            raise error
        for extension in self.extensions or []:
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = []
        self.distribution.ext_modules = []
        sys.stderr.write(
            f"\nwarning: the compiled engine could not be built ({type(error).__name__}: {error}).\n"
            "warning: cyhttpx is installed with its pure-Python engine, which is several times slower.\n"
            "warning: set CYHTTPX_BUILD_EXT=yes to see the whole error, or =no to ask for this on purpose.\n\n"
        )


def compiled_sources() -> list[Extension]:
    from Cython.Build import cythonize

    extensions = [
        Extension(
            f"cyhttpx._c.{part}",
            [f"ext/cyhttpx/_c/{part}.pyx"],
            extra_compile_args=compile_flags(),
            extra_link_args=["-fsanitize=address,undefined"] if SANITIZE else [],
            define_macros=[("CYTHON_TRACE", "1")] if DEBUG else [],
        )
        for part in PARTS
    ]
    directives = {
        "language_level": 3,
        "boundscheck": DEBUG,
        "wraparound": False,
        "cdivision": True,
        "initializedcheck": DEBUG,
        "linetrace": DEBUG,
        "embedsignature": True,
        "embedsignature.format": "python",
        "freethreading_compatible": False,
    }
    build_dir = "build/cython-debug" if DEBUG else "build/cython"
    made: list[Extension] = cythonize(
        extensions, include_path=["ext"], build_dir=build_dir, compiler_directives=directives, force=DEBUG
    )
    return made


def compile_flags() -> list[str]:
    if sys.platform == "win32":
        return ["/O2"]
    flags = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function", "-Wno-missing-field-initializers"]
    flags += ["-O0", "-g", "-UNDEBUG"] if DEBUG else ["-O3"]
    if SANITIZE:
        flags += [
            "-g",
            "-O1",
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=undefined",
            "-fno-omit-frame-pointer",
        ]
    return flags


# Placeholders: they make setuptools run build_ext, which puts the real list in their place.
extensions = [] if BUILD_EXT == "no" else [Extension(f"cyhttpx._c.{part}", []) for part in PARTS]
setup(ext_modules=extensions, cmdclass={"build_ext": AllOrNothing})
