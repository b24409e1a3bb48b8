"""What ``--help`` prints, without an import of what it describes."""

from lightning_go4align import __version__

OVERVIEW = """\
usage: go4align COMMAND ...

Balance the losses of a multi-task model with GO4Align, and see which tasks go
together.

train and evaluate
  fit         Train a model with a method; the last -c CONFIG lies on top.
  validate    Evaluate a checkpoint on the validation data.
  test        Evaluate a checkpoint on the test data.
  predict     Predict with a checkpoint.
compare
  study       Run all methods and seeds of a study, then its tables and figures.
  tune        Search methods and settings; judge the best by paired seeds.
look
  report      Write the page of a run, or of several; --watch follows them.
  dashboard   Build the Weights & Biases workspace of a project.
set up
  configs     List the configurations of this package, or copy them.

examples
  go4align configs qm9
  go4align fit -c qm9/base -c qm9/quick -c qm9/go4align
  go4align study studies/toy --dry_run
  go4align report logs/qm9/version_0

Each command has a --help of its own. --debug, anywhere, shows the traceback of
an error; --version the version.
"""

LIGHTNING = """\
usage: go4align {command} -c CONFIG [-c CONFIG ...] [--NAME VALUE ...]

{about}

method: a class of lightning_go4align.methods or of TorchJD
  --model.method NAME           GO4Align, FAMO, UW, MGDA, ...; for more see
                                `go4align configs qm9`
  --model.method.num_groups 3   an argument of the method
  --model.method.help NAME      its arguments
data and model
  --model CLASS, --data CLASS   by their paths, such as my_project.Rooms in the
                                current folder
  --model.NAME V, --data.NAME V their arguments
  --model.help CLASS            lists them; --data.help CLASS as well
configurations
  -c, --config CONFIG           a YAML file, or one of the package such as
                                qm9/base; the last one lies on top
  --print_config                print what they make together, and stop
training and evaluation
  --trainer.max_epochs 10       length; --trainer.max_steps counts steps
  --trainer.accelerator cpu     also --trainer.devices 2, --trainer.strategy ddp
  --trainer.precision bf16-mixed
  --trainer.fast_dev_run        one batch of everything, to try a configuration
  --ckpt_path FILE              a checkpoint to {checkpoint}
  --seed_everything 0           seed of all that is drawn at random
  --test_after_fit              test at the end of `fit`
examples
{examples}
`go4align {command} --help all` lists every argument of the Trainer (500 lines).
"""

_ABOUT = {
    "fit": ("Train a model with a method of multi-task optimization.", "go on from"),
    "validate": ("Evaluate a model on the validation data.", "evaluate"),
    "test": ("Evaluate a model on the test data.", "evaluate"),
    "predict": ("Predict with a model.", "predict with"),
}


def overview() -> str:
    """The help of the command.

    Example:
        >>> print(overview().splitlines()[0])
        usage: go4align COMMAND ...
    """
    return OVERVIEW.rstrip()


def version() -> str:
    """The version, as ``--version`` prints it.

    Example:
        >>> version().startswith("go4align ")
        True
    """
    return f"go4align {__version__}"


def lightning_help(command: str) -> str:
    """The help of a command that trains or evaluates: what most people need.

    Args:
        command: ``fit``, ``validate``, ``test`` or ``predict``.

    Example:
        >>> "--model.method NAME" in lightning_help("fit").splitlines()[5]
        True
    """
    about, checkpoint = _ABOUT[command]
    files = "-c qm9/base -c qm9/quick -c qm9/go4align"
    more = ["", " --seed_everything 43"] if command == "fit" else [" --ckpt_path FILE"]
    examples = "\n".join(f"  go4align {command} {files}{argument}" for argument in more)
    return LIGHTNING.format(command=command, about=about, checkpoint=checkpoint, examples=examples).rstrip()
