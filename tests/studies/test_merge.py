from lightning_go4align.studies.merge import merged, nested


def test_a_list_is_replaced_as_a_whole() -> None:
    assert merged({"callbacks": ["a", "b"]}, {"callbacks": ["c"]}) == {"callbacks": ["c"]}


def test_a_class_named_by_its_path_alone_is_replaced_by_one_with_arguments() -> None:
    network = {"class_path": "DenseMPNN", "init_args": {"width": 32}}
    assert merged({"network": "DenseMPNN"}, {"network": network}) == {"network": network}


def test_arguments_of_the_same_class_are_kept() -> None:
    before = {"class_path": "Plateau", "init_args": {"factor": 0.7, "patience": 5}}
    after = {"class_path": "Plateau", "init_args": {"patience": 9}}
    assert merged(before, after)["init_args"] == {"factor": 0.7, "patience": 9}


def test_configurations_given_stay_as_they_are() -> None:
    base = {"trainer": {"max_epochs": 1}}
    merged(base, nested({"trainer.max_epochs": 2}))["trainer"]["max_epochs"] = 3
    assert base == {"trainer": {"max_epochs": 1}}
