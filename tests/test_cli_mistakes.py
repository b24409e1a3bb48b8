"""Every mistake on the command line ends in at most three lines: what was asked, what was found, a way out."""

from pathlib import Path

import pytest
from cli_answers import FIT, MARKS, SHORT, TOY, check

pytestmark = MARKS

#: What is written, and what the answer must say.
COMMANDS = {
    "fit -c toy/base --model.method.num_groups=3": [
        "`model.method` is '3'",
        "name the class first: `--model.method NAME`",
    ],
    "": ["No command", "fit, validate", "--help"],
    "fti": ["`fti`", "Did you mean fit"],
    "trian": ["`trian`", "Did you mean fit"],
    "evaluate": ["Did you mean test"],
    "qm9/base": ["go4align fit -c qm9/base"],
    "--fast": ["no flag `--fast`"],
    "--verison": ["--version"],
    "-c toy/base": ["No command"],
    "-c toy/base fit": ["`-c` stands before", "Write the command first: `go4align fit -c"],
    "configs qm8": ["'qm8'", "Did you mean qm9"],
    "configs --copy qm9": ["--copy", "--help"],
    "report": ["needs RUN"],
    "report nowhere": ["nowhere is no folder", "Give that of a run"],
    "report a b": ["a is no folder"],
    "report a ./b a/": ["a and a are one run", "Name each run once"],
    "report . --port=x": ["`--port`", "'x'"],
    "report . --port=99999": ["a port lies in [0, 65535], not at 99999"],
    "study": ["needs FILE"],
    "study studies/toyy": ["'studies/toyy'", "studies/toy", "go4align configs"],
    "study studies/toy --jobs=0": ["`jobs` must be at least 1, but is 0"],
    "study studies/toy --jobs=x": ["--jobs", "'x'"],
    "study studies/toy --job 2": ["`--job`", "Did you mean --jobs"],
    "study studies/toy --gpus=x --dry_run": ["`--gpus`", "numbers, such as 0,1", "not 'x'"],
    "study studies/toy --gpus=-1 --dry_run": ["not '-1'"],
    "study studies/toy --gpus=0,,1 --dry_run": ["not ''"],
    "study studies/toy --gpus=0,1,0": ["GPU 0 stands twice"],
    "study studies/toy --slurm": ["`--slurm`: expected one argument"],
    "study studies/toy --slurm=gpu": ["`--slurm`", "'gpu'"],
    "study studies/toy --slurm=[1]": ["an object is meant", '{"slurm_partition": "gpu"}', "not [1]"],
    "tune studies/toy --hours=x": ["`--hours`", "'x'"],
    "tune studies/toy --hours=-1": ["a time is a number above 0, not -1"],
    "tune studies/toy --hours=nan": ["a time is a number above 0, not nan"],
    "study toy/base": ["base.yaml", "Its keys are the arguments of `Study`"],
    "dashboard": ["needs ENTITY/PROJECT"],
    "dashboard foo": ["must be ENTITY/PROJECT", "'foo'"],
    "dashboard a/b --dryrun": ["`--dryrun`", "--dry_run"],
    "fit": ["needs a model", "-c qm9/base", "--model my_project.Rooms"],
    "validate": ["`validate` needs a model"],
    "predict -c toy/base": ["needs `method`", "--model.method GO4Align"],
    "fit -c": ["--config", "expected one argument"],
    "fit toy/base": ["`-c toy/base`"],
}
ARGUMENTS = {
    "--model.method=famo": ["'famo'", "Did you mean FAMO", "There are FAMO", "my_project.Mine"],
    "--model.method=GOAlign": ["Did you mean GO4Align"],
    "--model.method=lightning_go4align.methods.GO5Align": ["has no 'GO5Align'", "methods.GO4Align"],
    "--model.method=lightning_go4align.metods.GO4Align": ["has no 'metods'", "lightning_go4align.methods"],
    "--model.method=my.missing.Method": ["no module 'my'", "from the folder where it lies"],
    "--model.method=lightning_go4align.GroupDynamicsMonitor": ["GroupDynamicsMonitor, which is no Scalarizer"],
    "--model.method=Scalarizer": ["'Scalarizer'", "Did you mean GroupedScalarizer"],
    "--model.method=": ["is ''", "There are"],
    "--model.method=null": ["needs `method`"],
    "--model.method=3": ["`model.method` is '3'"],
    "--model.method=CAGrad": ["needs `c`", "--model.method.c VALUE"],
    "--model.method=CAGrad --model.method.c=-1": ["c must be non-negative, but got -1"],
    "--model.method=CAGrad --model.method.cc=1": ["no argument `cc`", "Did you mean c?", "c, norm_eps"],
    "--model.method.groups=3": ["no argument `groups`", "Did you mean num_groups", "beta, reduction"],
    "--model.method.num_groups=three": ["`model.method.num_groups` must be an integer or 'auto', but is 'three'"],
    "--model.method.num_groups=0": ["`num_groups` must be at least 1, but is 0"],
    "--model.method.beta=null": ["`model.method.beta` must be a number, but is null"],
    "--model.method.beta=nan": ["must be a number, but is 'nan'"],
    "--model.method.beta=.nan": ["`beta` must be a number of at least 0, but is nan"],
    "--model.method.beta=-1": ["`beta` must be a number of at least 0, but is -1"],
    "--model.method.reduction=max": ["must be 'sum' or 'mean', but is 'max'"],
    "--model.method.clustering=kmeans": ["`model.method.clustering` is 'kmeans'"],
    "--model.method.clustering=lightning_go4align.clustering.nope": ["has no 'nope'"],
    "--model.method.init_args=3": ["`model.method.init_args` must name arguments", "name: value"],
    "--model=ToyModul": ["'ToyModul'", "Did you mean ToyModule"],
    "--model.lr=3": ["no argument `lr`", "Did you mean learning_rate"],
    "--model.learning_rate=high": ["must be a number, but is 'high'"],
    "--model.start=9": ["`start` must lie in [0, 4], but is 9"],
    "--model.help=Foo": ["no class 'Foo'"],
    "--data=QM9Data": ["Did you mean", "QM9DataModule"],
    "--data=lightning_go4align.benchmarks.toy.ToyModule": ["which is no LightningDataModule"],
    "--trainer.epochs=3": ["`--trainer.epochs`", "--trainer.max_epochs"],
    "--epochs=3": ["--trainer.max_epochs"],
    "--batch_size=2": ["--data.NAME"],
    "--dry_run": ["`--dry_run` is one of study or dashboard"],
    "--c foo": ["short for several flags", "--config"],
    "blah": ["`blah` is one word too many", "-c blah"],
    "--trainer.max_epochs=three": ["must be an integer, but is 'three'"],
    "--trainer.max_epochs=1.5": ["must be an integer, but is '1.5'"],
    "--trainer.max_epochs=-7": ["at least 0, or -1 for no end, but is -7"],
    "--trainer.accelerator=gpuu": ["'gpuu'", "Did you mean gpu", "There are"],
    "--trainer.accelerator=mps": ["no accelerator for MPS", "auto"],
    "--trainer.devices=abc": ["`trainer.devices` must be an int", "auto"],
    "--trainer.accelerator=cpu --trainer.devices=0": ["`trainer.devices` is"],
    "--trainer.strategy=dpp": ["'dpp'", "Did you mean ddp"],
    "--trainer.precision=12": ["'16-mixed'", "but is '12'"],
    "--trainer.accumulate_grad_batches=0": ["must be at least 1, but is 0"],
    "--trainer.gradient_clip_val=-1": ["must be at least 0, but is -1"],
    "--trainer.val_check_interval=0": ["must not be 0", "limit_val_batches"],
    "--trainer.limit_train_batches=-1": ["invalid value -1 for limit_train_batches"],
    "--trainer.max_time=abc": ["'abc'", "DD:HH:MM:SS"],
    "--trainer.callbacks=EarlyStoping": ["Did you mean EarlyStopping"],
    "--trainer.callbacks=EarlyStopping": ["needs `monitor`"],
    "--trainer.callbacks=[1,2]": ["must name a Callback"],
    "--trainer.logger=CSVLoger": ["Did you mean CSVLogger"],
    "--trainer.logger.init_args.save_dirr=x": ["no argument `save_dirr`", "Did you mean save_dir"],
    "--trainer=nothere.yaml": ["nothere.yaml", "Correct the path"],
    "--seed_everything=abc": ["true or false or an integer, but is 'abc'"],
    "--seed_everything=-1": ["`seed_everything` must lie in [0, 4294967295], but is -1"],
    "--optimizer=Adamm": ["Did you mean Adam"],
    "--optimizer=Adam --optimizer.lrr=3": ["no argument `lrr`", "Did you mean lr"],
    "--test_after_fit=perhaps": ["must be true or false, but is 'perhaps'"],
    "--print_config=x": ["--print_config"],
    "-c nothere.yaml": ["no configuration 'nothere.yaml'", "go4align configs"],
    "-c toy/bas": ["near it", "toy/base"],
    "-c .": ["'.' is a folder", "Name a file"],
    "--ckpt_path=no.ckpt": ["no checkpoint no.ckpt", "--ckpt_path"],
    "--ckpt_path=.": ["which is a folder"],
}
IN_FITS = {
    f"{FIT} --model.method.num_groups=99": ["`num_groups` must lie in [1, 2]", "is 99"],
    f"{TOY} --model.method=UW --model.method.shape=5": ["(5,)", "(2,)"],
    f"{TOY} --model.method=SingleTask --model.method.task=nope": ["'first', 'second'", "'nope'"],
    f"{FIT} --trainer.callbacks=EarlyStopping --trainer.callbacks.monitor=loss/frist": ["mean 'loss/first'?"],
    f"{FIT} --optimizer=SGD --optimizer.lr=-1": ["Invalid learning rate: -1.0"],
    f"{FIT} --trainer.default_root_dir=FILE --trainer.logger=true": ["FILE", "Not a directory", "folder"],
    f"{FIT} --trainer.logger.init_args.save_dir=FILE": ["FILE", "Not a directory", "Name another one"],
    f"{FIT} --trainer.callbacks=EarlyStopping --trainer.callbacks.monitor=no": ["`no` which is not available"],
    "fit -c nyuv2/base -c nyuv2/go4align": ["NYUv2 is expected in data/nyuv2/train", "data.root"],
    "fit -c cityscapes/base -c cityscapes/go4align": ["CityScapes is expected in", "data.root"],
    "fit -c celeba/base -c celeba/go4align": ["CelebA needs", "data.root"],
    "fit -c synthetic/base -c synthetic/go4align --data=null": ["needs a SyntheticData"],
    "fit -c qm9/base -c qm9/go4align --model.targets=[mu,nope]": ["'nope'", "'mu', 'alpha'"],
    "fit -c qm9/base -c qm9/go4align --model.baseline=nope.json": ["'nope.json'", "published.json"],
}
EVALUATIONS = {
    "test --ckpt_path=last": ["`--ckpt_path last` finds no checkpoint", "Give the path of one"],
    "validate --ckpt_path=last": ["`--ckpt_path last` finds no checkpoint"],
    "validate --ckpt_path=best": ["`--ckpt_path best` is the best of a fit", "Give the path of one"],
    "test --ckpt_path=hpc": ["no HPC checkpoint", "exact checkpoint path"],
    "predict": ["neither a `predict_step` nor a `forward`", "take `go4align test`"],
}


@pytest.fixture(autouse=True)
def _file(in_empty_folder: None) -> None:
    Path("FILE").touch()


@pytest.mark.parametrize("given", COMMANDS)
def test_mistakes_in_commands(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(given.split(), COMMANDS[given], capsys)


@pytest.mark.parametrize("given", ARGUMENTS)
def test_mistakes_in_arguments_of_fit(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check([*FIT.split(), *given.split()], ARGUMENTS[given], capsys)


@pytest.mark.parametrize("given", IN_FITS)
def test_mistakes_that_the_fit_finds(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check((given + SHORT).split(), IN_FITS[given], capsys)


@pytest.mark.filterwarnings(
    "default:.*there is no last checkpoint"
)  # As outside of these tests, where it is no error.
@pytest.mark.parametrize("given", EVALUATIONS)
def test_mistakes_in_evaluations(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *flags = given.split()
    model = "-c toy/base -c toy/go4align --trainer.accelerator=cpu --trainer.enable_progress_bar=false"
    check([command, *model.split(), *flags], EVALUATIONS[given], capsys)
