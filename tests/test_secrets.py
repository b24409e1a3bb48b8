"""Secrets are hidden wherever a setting is shown, and nothing else is."""

from pathlib import Path

import pytest

from lightning_go4align.cli.logged_config import without_secret_values
from lightning_go4align.history import is_secret, without_secrets
from lightning_go4align.report.configuration import configuration

SECRETS = [
    "api_key",
    "apiKey",
    "token",
    "hf_token",
    "use_auth_token",
    "password",
    "db_passwd",
    "pwd",
    "client_secret",
]
SECRETS += ["AWS_SECRET_ACCESS_KEY", "access_key", "private_key", "credentials", "passphrase"]
SETTINGS = ["tokenizer", "max_tokens", "token_dim", "key", "keys", "monkey", "pass_through", "num_groups", "author"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_hidden_in_configuration_command_and_page(name: str, tmp_path: Path) -> None:
    assert without_secret_values({"a": [{name: "s3cr3t"}]}) == {"a": [{name: "(hidden)"}]}
    (tmp_path / "config.yaml").write_text(f"a: {{{name}: s3cr3t}}")
    assert configuration(tmp_path) == {f"a.{name}": "(hidden)"}
    forms = [[f"--a.{name}=s3cr3t"], [f"--a.{name}", "s3cr3t"], [f"--a={{{name}: s3cr3t}}"]]
    forms += [[f"--a={{'{name}': 'my s3cr3t', 'b': 1}}"], [f'--a=[{{"x": {{"{name}":"s3cr3t"}}}}]']]
    assert [form for form in forms if "s3cr3t" in " ".join(without_secrets(form))] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_no_secret_is_shown(name: str) -> None:
    assert not is_secret(name)
    assert without_secrets([f"--a.{name}=3", f"--a={{{name}: 3}}"]) == [f"--a.{name}=3", f"--a={{{name}: 3}}"]


@pytest.mark.parametrize("scheme", ["https", "postgresql+psycopg2", "s3"])
def test_the_password_of_an_address_is_hidden_and_the_rest_is_shown(scheme: str, tmp_path: Path) -> None:
    address, shown = f"{scheme}://me:s3cr3t@host:80/x", f"{scheme}://me:(hidden)@host:80/x"
    assert without_secret_values({"tracking_uri": address}) == {"tracking_uri": shown}
    assert without_secrets([f"--uri={address}", address]) == [f"--uri={shown}", shown]
    (tmp_path / "config.yaml").write_text(f"uri: {address}")
    assert configuration(tmp_path) == {"uri": shown}
    assert without_secret_values("http://host:80/a@b") == "http://host:80/a@b"
