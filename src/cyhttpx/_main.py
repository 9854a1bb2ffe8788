"""The entry point of the `cyhttpx` command. The commands themselves live beside what they do (`_load/command.py`)."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

# The extra `load`, by the names its packages are imported under.
NEEDED: Final = ("click", "rich", "hdrh")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 bad arguments, 130 ended by Ctrl-C."""
    sys.exit(_main(list(sys.argv[1:] if arguments is None else arguments)))


def _main(arguments: list[str]) -> int:
    # Ahead of click, so that it can be asked of an installation without any extra.
    if arguments == ["--version"]:
        sys.stdout.write(_version() + "\n")
        return 0
    if any(find_spec(name) is None for name in NEEDED):
        return _fail("this command needs the extra 'load': pip install 'cyhttpx[load]'", 1)

    import click

    from ._load.options import LoadError

    try:
        result = _group().main(arguments, prog_name="cyhttpx", standalone_mode=False)
    except LoadError as exc:
        return _fail(str(exc), exc.exit_code)
    except click.UsageError as exc:
        path = "cyhttpx" if exc.ctx is None else exc.ctx.command_path
        return _fail(f"{exc.format_message().rstrip('.')} (see {path} --help)", exc.exit_code)
    except click.ClickException as exc:
        return _fail(exc.format_message(), exc.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    # A context that was left by exit() hands its code through here.
    return result if isinstance(result, int) else 0


def _group() -> click.Group:
    import click

    from ._load.command import load

    @click.group(help="cyhttpx on the command line.", no_args_is_help=False)
    @click.version_option(None, message=_version())
    def group() -> None: ...

    group.add_command(load)
    return group


def _version() -> str:
    import cyhttpx

    return f"cyhttpx {cyhttpx.__version__} (engine: {cyhttpx.engine})"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"cyhttpx: {' '.join(message.split())}\n")
    return code
