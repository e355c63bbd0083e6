"""What a person typed wrongly, as one line of ours: what, got, expected, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

from stillface.errors import UsageError

__all__ = ["Commands", "ParserError", "usage_error"]

ParserError: type[Exception] = typer.BadParameter.__bases__[0]
"""What the parser raises; typer keeps it at another place from one version to the next."""


class Commands(TyperGroup):
    """The group of commands; an unknown one is answered with the nearest."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; raises UsageError."""
        if args and self.get_command(ctx, args[0]) is None:
            names = self.list_commands(ctx)
            near = get_close_matches(args[0], names, n=1)
            raise UsageError(
                "no such command",
                where=ctx.command_path,
                got=args[0],
                expected=", ".join(names),
                fix=f"did you mean {near[0]}?" if near else _see(ctx),
            )
        return super().resolve_command(ctx, args)


def usage_error(error: Exception, typed: Sequence[str]) -> UsageError:
    """Say in one line what the parser refused.

    Parameters
    ----------
    error : ParserError
    typed : sequence of str
        The arguments, for the value that was refused.
    """
    what = _in_a_sentence(error.format_message())  # type: ignore[attr-defined]  # of every ParserError
    context = getattr(error, "ctx", None)
    if context is None:
        command = " ".join(["stillface", *[word for word in typed if word[:1] != "-"][:1]])
        return UsageError(what, where=command, fix=f"see {command} --help")
    # By what they hold and not by their class: see ParserError.
    if (parameter := getattr(error, "param", None)) is not None:
        if hasattr(error, "param_type"):
            return _missing(context, parameter)
        return _refused_value(str(getattr(error, "message", "")), context, parameter, typed)
    if hasattr(error, "possibilities"):
        return _unknown_option(error, context)
    return UsageError(what, where=context.command_path, fix=_see(context))


def _missing(context: Any, missing: Any) -> UsageError:
    needed = [_how(parameter) for parameter in context.command.params if parameter.required]
    return UsageError(
        f"{_name(missing)} is missing",
        where=context.command_path,
        expected=" ".join(needed) if len(needed) > 1 else _in_a_sentence(missing.help or needed[0]),
        fix=_see(context),
    )


def _refused_value(message: str, context: Any, parameter: Any, typed: Sequence[str]) -> UsageError:
    # "Input should be a valid integer, unable to parse ...", or an older parser's "'x' is not a valid ..."
    _, should, expected = message.partition("should be ")
    return UsageError(
        "a value that cannot be used" if should else _in_a_sentence(message),
        where=f"{context.command_path} {_name(parameter)}",
        got=_value_of(parameter.opts, typed),
        expected=expected.partition(", unable")[0] if should else None,
        fix=_see(context),
    )


def _unknown_option(error: Any, context: Any) -> UsageError:
    options = [name for parameter in context.command.params for name in parameter.opts if name[:2] == "--"]
    near = get_close_matches(error.option_name, options, n=1)
    return UsageError(
        "no such option",
        where=context.command_path,
        got=error.option_name,
        expected=", ".join([*options, "--help"]),
        fix=f"did you mean {near[0]}?" if near else _see(context),
    )


def _name(parameter: Any) -> str:
    return str(parameter.opts[-1] if parameter.param_type_name == "option" else parameter.name.upper())


def _how(parameter: Any) -> str:
    name = _name(parameter)
    return f"{name} {parameter.name.upper()}" if parameter.param_type_name == "option" else name


def _value_of(names: Sequence[str], typed: Sequence[str]) -> str | None:
    """Find what was typed behind an option; the parser keeps it only inside a sentence."""
    for word, following in zip(typed, [*typed[1:], ""], strict=True):
        if word in names:
            return following
        name, equals, value = word.partition("=")
        if equals and name in names:
            return value
    return None


def _see(context: Any) -> str:
    return f"see {context.command_path} --help"


def _in_a_sentence(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text[:1].lower() + text[1:]
