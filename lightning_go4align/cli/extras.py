"""Which extra of the package brings a module that is missing."""

#: Modules of the packages that ``setup.cfg`` names in extras, by the first extra that has them.
EXTRAS = {
    "kmeans_pytorch": "kmeans",
    "tqdm": "kmeans",
    "qm9pack": "qm9",
    "torch_geometric": "qm9",
    "PIL": "vision",
    "matplotlib": "plot",
    "scipy": "plot",
    "wandb": "wandb",
    "wandb_workspaces": "wandb",
    "sklearn": "clustering",
    "cvxpy": "clustering",
    "qpsolvers": "methods",
    "quadprog": "methods",
    "ecos": "methods",
    "ray": "ray",
    "submitit": "slurm",
    "optuna": "tune",
    "tensorboard": "tensorboard",
    "tensorboardX": "tensorboard",
    "triton": "kernels",
}


def missing_module(error: BaseException | None) -> str | None:
    """Find the module that an error, or one behind it, says is not installed.

    Args:
        error: An error.

    Returns:
        The module's name; None if no module is missing.

    Example:
        >>> missing_module(ModuleNotFoundError("No module named 'PIL.Image'", name="PIL.Image"))
        'PIL'
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return None


def advice(module: str, who: str = "") -> str:
    """Say how to have a module.

    Args:
        module: Its name.
        who: Who needs it: TorchJD's methods need what they share with others in versions of their own.

    Example:
        >>> advice("matplotlib")
        "Run `pip install 'lightning-go4align[plot]'`."
    """
    if module in EXTRAS:
        extra = "methods" if who.startswith("torchjd.") else EXTRAS[module]
        return f"Run `pip install 'lightning-go4align[{extra}]'`."
    return f"Install the package that has `{module}`, or start in the folder where it lies."
