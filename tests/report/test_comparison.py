import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from lightning_go4align.history import History
from lightning_go4align.report.command import report_command, write_pages
from lightning_go4align.report.differences import paired_difference


def cells(html: str, first: str) -> list[str]:
    """What stands in the row of a table that begins with a name."""
    (row, *_) = re.findall(rf'<th scope="row">(?:<a [^>]*>)?{re.escape(first)}(?:</a>)?</th>(.*?)</tr>', html)
    return [unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]


def test_the_interval_of_a_paired_difference_is_that_of_the_t_test() -> None:
    values, reference = np.random.default_rng(0).normal(size=(2, 9))
    found = paired_difference(values, reference)
    expected = stats.ttest_rel(values, reference).confidence_interval(0.95)
    np.testing.assert_allclose([found.mean - found.half_width, found.mean + found.half_width], expected)


def test_methods_are_compared_seed_by_seed(run_in: Callable[..., Path]) -> None:
    runs = [run_in(f"ours_{seed}", seed=seed, delta_m=[-5.0 + seed]) for seed in range(3)]
    runs += [run_in(f"sum_{seed}", "Sum()", seed, delta_m=[-1.0 + 3 * seed]) for seed in range(3)]
    html = write_pages(runs).read_text(encoding="utf-8")
    # differences by hand: 4, 6, 8; their mean is 6, and t(0.975, 2) * 2 / sqrt(3) is 4.97
    assert cells(html, "∆m") == ["Sum", "3", "6.0 ± 5.0", "0 of 3"]


def test_two_pairs_have_an_interval_and_the_reason_why_a_study_has_none(run_in: Callable[..., Path]) -> None:
    runs = [run_in(f"ours_{seed}", seed=seed, delta_m=[-5.0]) for seed in range(2)]
    runs += [run_in(f"sum_{seed}", "Sum()", seed, delta_m=[-1.0 + seed]) for seed in range(2)]
    html = write_pages(runs).read_text(encoding="utf-8")
    assert cells(html, "∆m")[2] == "4.5 ± 6.4"  # t(0.975, 1) is 12.7, and the differences are 4 and 5
    assert "<code>go4align study</code> supposes no distribution, and gives none of fewer than five seeds" in html


def test_runs_whose_seeds_do_not_meet_are_not_paired(run_in: Callable[..., Path]) -> None:
    runs = [run_in("ours", seed=1), run_in("sum", "Sum()", seed=2)]
    assert "No other method has a run with a seed of GO4Align" in write_pages(runs).read_text(encoding="utf-8")


def test_a_comparison_holds_every_task_and_the_agreement_of_groups(run_in: Callable[..., Path]) -> None:
    runs = [run_in("first", seed=1), run_in("second", seed=2)]
    html = write_pages(runs).read_text(encoding="utf-8")
    for task in ("segmentation", "depth", "normal", "edges"):
        assert html.count(f'<th scope="row">{task}</th>') == 3  # changes, weights, losses
    assert cells(html, "GO4Align, seed 1") == ["1.00", "1.00"]


def test_two_settings_of_one_method_are_told_apart_by_their_arguments(run_in: Callable[..., Path]) -> None:
    runs = [run_in("few", "GO4Align(num_groups=2)"), run_in("many", "GO4Align(num_groups=5)")]
    html = write_pages(runs).read_text(encoding="utf-8")
    assert "GO4Align(num_groups=2), GO4Align(num_groups=5)" in html


def test_a_folder_becomes_an_index_of_its_runs_with_what_differs(
    run_in: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_in("a/version_0", learning_rate=0.1, batch_size=16)
    run_in("b/version_0", learning_rate=0.2, batch_size=16)
    report_command([tmp_path])
    index = tmp_path / "group_dynamics_index.html"
    assert capsys.readouterr().out.strip() == str(index)
    html = index.read_text(encoding="utf-8")
    assert "learning_rate" in html
    assert "batch_size" not in html  # it is the same in both
    assert cells(html, "a/version_0")[-1] == "0.1"
    for link in re.findall(r'<a href="([^#"]*)"', html):
        assert (tmp_path / link).is_file()


def test_runs_below_another_one_are_not_hidden_by_it(
    run_in: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As fits without a logger leave them, one after the other."""
    first, second = run_in("out"), run_in("out/version_1")
    report_command([first])
    index = first / "group_dynamics_index.html"
    assert capsys.readouterr().out.strip() == str(index)
    links = re.findall(r'<a href="([^#"]*)"', index.read_text(encoding="utf-8"))
    assert {(first / link).resolve() for link in links} == {run / "group_dynamics.html" for run in (first, second)}


def test_a_log_that_cannot_be_read_does_not_hide_the_others(
    run_in: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in("good")
    later = run_in("later")
    load = History.load

    def refuse(folder: Path) -> History:
        if folder == later:
            raise ValueError("The log is of version 99.")
        return load(folder)

    monkeypatch.setattr(History, "load", refuse)
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert "1 run in" in html
    assert "of version 99" in html


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, run_in: Callable[..., Path]) -> None:
    nowhere = tmp_path / "nowhere"
    for folders in ([nowhere], [run_in("a"), nowhere]):
        with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
            write_pages(folders)


def test_a_run_is_not_compared_with_itself(run_in: Callable[..., Path], tmp_path: Path) -> None:
    run = run_in("a")
    (tmp_path / "link").symlink_to(run)
    for again in (run, tmp_path / "b" / ".." / "a", tmp_path / "link"):
        with pytest.raises(ValueError, match="are one run"):
            report_command([run, run_in("c"), again])
    assert not list(tmp_path.rglob("*.html"))


def test_a_folder_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no group_dynamics.npz"):
        write_pages([tmp_path])


def test_hostile_names_stay_text_and_lead_nowhere_else(run_in: Callable[..., Path], tmp_path: Path) -> None:
    run_in("</h1><script>alert(1)</script>'\" x", method="<img src=x onerror=alert(1)>()")
    run_in("other")
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "<img" not in html
    for link in re.findall(r'<a href="([^"]*)"', html):
        assert not re.match(r"\.\.|/|\w+:", link)


def test_a_run_of_unknown_configuration_differs_from_none(run_in: Callable[..., Path], tmp_path: Path) -> None:
    runs = [run_in(f"run_{at}", learning_rate=at, versions="torch 2", mode="min", seeds=3) for at in range(3)]
    (runs[2] / "config.yaml").unlink()
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert re.findall(r'<th scope="col">([^<]*)</th>', html)[9:] == ["learning_rate"]
    assert [cells(html, run.name)[-1] for run in runs] == ["0", "1", "–"]


def test_a_comparison_says_first_which_method_is_ahead(run_in: Callable[..., Path]) -> None:
    runs = [run_in(f"sum_{seed}", "Sum()", seed, delta_m=[2.0 + seed]) for seed in range(3)]
    html = write_pages([*runs, run_in("ours", seed=0, delta_m=[-5.0])]).read_text(encoding="utf-8")
    said = "Mean best ∆m, the lowest first: <b>GO4Align</b> −5% (1 run), <b>Sum</b> 3.0 ± 1.0% (3 runs)."
    assert said in html
    assert html.index(said) < html.index("<h2>")


def test_runs_are_named_by_where_they_differ(run_in: Callable[..., Path], tmp_path: Path) -> None:
    html = write_pages([run_in("a/version_0", seed=1), run_in("b/version_0", seed=2)]).read_text(encoding="utf-8")
    assert re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', html) == ["a/version_0", "b/version_0"]
    assert str(tmp_path) not in html


def test_an_index_says_which_tasks_starve(tmp_path: Path, make: Callable[..., History]) -> None:
    make(weights=[1e-9, 1, 1, 1]).save(tmp_path / "starved")
    make().save(tmp_path / "well")
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert [cells(html, name)[4] for name in ("starved", "well")] == ["starves: segmentation", "none"]


def test_a_file_that_is_no_log_is_named_once_and_nothing_unsafe_is_advised(
    run_in: Callable[..., Path], tmp_path: Path
) -> None:
    run_in("good")
    other = tmp_path / "other"
    other.mkdir()
    (other / "group_dynamics.npz").write_bytes(b"no archive")
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert "<li>other: group_dynamics.npz is damaged, or no log of group dynamics: BadZipFile File is not" in html
    assert "pickle" not in html


def test_an_index_leaves_no_setting_out_in_silence(run_in: Callable[..., Path], tmp_path: Path) -> None:
    for run in ("version_2", "version_10"):
        run_in(run, **{f"s{at:02d}": run for at in range(26)})
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert [len(cells(html.split("<h3>")[part], "version_10")) for part in range(5)] == [8, 7, 7, 7, 7]
    assert "Settings in which the runs differ: 19 to 24 of 26" in html
    assert "2 more with longer names" in html
    assert html.index(">version_2<") < html.index(">version_10<")


def test_runs_of_an_index_can_be_looked_for(run_in: Callable[..., Path], tmp_path: Path) -> None:
    for number in range(11):
        run_in(f"version_{number}", method="UW()" if number % 2 else "Sum()", lr=number)
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert 'data-task="version_3 UW (lr=3)"' in html
    assert 'id="search"' in html
    assert cells(html, "version_3")[0] == "UW"  # the setting stands beside it
