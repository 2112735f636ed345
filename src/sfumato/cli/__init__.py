"""The command line: one thin file a verb, loaded only when it is called."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import textwrap
from difflib import get_close_matches
from io import TextIOWrapper
from typing import Any, NoReturn, get_args

from cyclopts import App, ArgumentCollection, CycloptsError, UnknownCommandError, UnusedCliTokensError

from sfumato.cli.words import in_options
from sfumato.errors import SfumatoError
from sfumato.files import FULL
from sfumato.readable import readable


class Program(App):
    """The command line, in whose words the library's errors are."""

    def __call__(self, *words: Any, **how: Any) -> Any:
        try:
            return super().__call__(*words, **how)
        except SfumatoError as error:
            tokens = words[0] if words and not isinstance(words[0], str) else ()
            raise SfumatoError(in_options(str(error), next(iter(tokens or ()), ""))) from error


def refuse_fractions(_app: App, _verb: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Raises SfumatoError for a fraction where an option takes a whole number: cyclopts rounds 2.9 to 3."""
    for argument in arguments:
        for token in argument.tokens if int in (argument.hint, *get_args(argument.hint)) else ():
            if re.fullmatch(r"[+-]?\d*\.\d*[1-9]\d*", token.value, re.ASCII):
                raise SfumatoError(f"{token.keyword or argument.name} takes a whole number, not {token.value}.")


app = Program(
    name="sfumato",
    help="Learn, train and run diffusion models, from pure noise to picture.",
    help_epilogue="Every command takes --debug, which shows where an error came from.",
    version_flags=["--version"],
    config=refuse_fractions,
)
app.command("sfumato.cli.demo:demo", name="demo", help="Train on scanned digits for a minute and generate new ones.")
app.command("sfumato.cli.train:train", name="train", help="Train a model on a folder of pictures, digits or points.")
app.command("sfumato.cli.watch:watch", name="watch", help="Follow a training run from another terminal.")
app.command("sfumato.cli.runs:runs", name="runs", help="List the runs, how far each has come and whether it trains.")
app.command("sfumato.cli.sample:sample", name="sample", help="Generate new pictures from a trained model.")
app.command("sfumato.cli.eval:eval_", name="eval", help="Measure a model: scores, intervals, and whether it copies.")
app.command("sfumato.cli.claims:claims", name="claims", help="Measure what is said of diffusion models.")
app.command("sfumato.cli.samplers:samplers", name="samplers", help="List the samplers and when to use each.")
app.command("sfumato.cli.export:export", name="export", help="Write a model for other languages, as ONNX and data.")
app.command("sfumato.cli.tune:tune", name="tune", help="Tune the walk of a few steps to a model, without training.")
app.command("sfumato.cli.distill:distill", name="distill", help="Train a student that walks in 1 to 4 steps.")
app.command("sfumato.cli.serve:serve", name="serve", help="Serve models over HTTP, to OpenAI's clients and yours.")
app.command("sfumato.cli.studio:studio", name="studio", help="Open the studio: generate pictures in the browser.")
app.command("sfumato.cli.publish:push", name="push", help="Upload a model to the Hugging Face Hub.")
app.command("sfumato.cli.publish:pull", name="pull", help="Download a model from the Hugging Face Hub.")
app.command("sfumato.cli.new:new", name="new", help="Begin a project: a folder with all that it needs.")
app.command("sfumato.cli.learn:learn", name="learn", help="Open the lesson: diffusion models in eight chapters.")
app.command("sfumato.cli.teach:teach", name="teach", help="Plan a class on the lesson, and see who is how far.")
app.command("sfumato.cli.ema:ema", name="ema", help="Make the weights' average of another width, after training.")
app.command("sfumato.cli.doctor:doctor", name="doctor", help="Measure what this machine reaches, and what to change.")
app.command("sfumato.cli.info:info", name="info", help="Tell what a run, a picture or a data set holds.")


# How long threads that wait look for work before they sleep. PyTorch's look for milliseconds, in which they keep other
# programs, and often each other, from the cores; so short a look costs nothing where nothing else runs (benchmarks/
# threads.py). The first is GNU's, in loops of some 40 ns; the second LLVM's and Intel's, in milliseconds.
SOON_ASLEEP = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "0"}


def let_threads_sleep() -> None:
    """Have OpenMP's threads sleep soon where they wait, unless the user has said how; before PyTorch is loaded."""
    if not {"OMP_WAIT_POLICY", *SOON_ASLEEP} & os.environ.keys():
        os.environ.update(SOON_ASLEEP)


MEANT = {  # what other programs call a verb
    "help": "--help", "version": "--version", "resume": "train --resume", "continue": "train --resume", "list": "runs",
    "ls": "runs", "generate": "sample", "draw": "sample", "evaluate": "eval", "fit": "train", "finetune": "train",
    "fine-tune": "train", "lesson": "learn", "distil": "distill", "init": "new",
    "create": "new",
}  # fmt: skip


def no_verb(word: str) -> str:
    """That there is no such verb, and which was meant."""
    verbs = [name for name in app if not name.startswith("-")]
    close = [MEANT[word.lower()]] if word.lower() in MEANT else get_close_matches(word, verbs, n=1)
    hint = f"did you mean `sfumato {close[0]}`? " if close else ""
    return f"there is no command '{word}'. {hint[:1].upper()}{hint[1:]}The commands are {', '.join(verbs)}."


MEANT_OPTIONS = {  # what other programs call an option of a verb
    "train": {
        "lr": "--learning-rate", "epochs": "--minutes or --images", "num-train-epochs": "--minutes or --images",
        "batch-size": "--batch", "train-batch-size": "--batch", "resolution": "--size", "image-size": "--size",
        "output-dir": "--out", "schedule": "--set objective.schedule=cosine",
        "beta-schedule": "--set objective.schedule=cosine", "ema-decay": "--set optimizer.ema_decay=0.9999",
    },
    "sample": {
        "num-inference-steps": "--steps", "guidance-scale": "--guidance", "cfg-scale": "--guidance",
        "label": "--class", "labels": "--class", "scheduler": "--sampler", "output-dir": "--out",
    },
}  # fmt: skip


def no_option(verb: str, message: str) -> str:
    """Cyclopts' `message` with what was meant by an option that is another program's."""
    option = re.match(r'Unknown option: "?--([\w-]+)', message)
    meant = MEANT_OPTIONS.get(verb, {}).get(option[1].replace("_", "-").lower()) if option else None
    return f"Unknown option: --{option[1]}. Did you mean {meant}?" if option and meant else message


def main() -> NoReturn:
    """Run the command line. Errors that a user can mend are one line and exit code 2; --debug shows the traceback."""
    let_threads_sleep()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):  # a terminal that knows no × gets a question mark, not an error
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit("sfumato: stopped.") if not debug else None
        raise
    except BrokenPipeError:  # the reader of our output has gone, as in `sfumato info … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        # "OutOfMemoryError" is torch's, which isn't imported for this; on the CPU it raises a RuntimeError.
        full = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        if isinstance(error, UnusedCliTokensError):
            rest = shlex.join(error.unused_tokens or [])
            message = f"no argument is left for {rest}; name one thing a call, and put what belongs together in quotes."
        elif isinstance(error, UnknownCommandError) and arguments:
            message = no_verb(arguments[0])
        elif isinstance(error, SfumatoError | CycloptsError):
            message = no_option(next(iter(arguments), ""), " ".join(str(error).split()))
        elif isinstance(error, OSError) and error.errno in FULL:
            where = f" that holds {error.filename}" if error.filename else ""
            message = f"the disk{where} is full; free some space and try again."
        elif full or "can't allocate memory" in str(error):
            message = "there is not enough memory; a smaller --batch needs less, and in training --accumulate 4 too."
        else:
            message = f"{type(error).__name__}: {error} (unexpected; run again with --debug and please report it)"
        # Processes that train together meet the same errors; one on each machine tells of those that a user can mend.
        if os.environ.get("LOCAL_RANK", "0") == "0" or not isinstance(error, SfumatoError | CycloptsError):
            print(_wrapped(f"sfumato: {readable(message)}"), file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


def _wrapped(text: str) -> str:
    """In a terminal, lines that end between words; elsewhere one line."""
    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
