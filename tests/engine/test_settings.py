"""Settings come from defaults, file, environment and flags, in that order; wrong ones are named where they stand."""

import tomllib

import pytest
from pydantic import ValidationError

from llm4rec.core import NotFoundError, SettingsError
from llm4rec.engine import Settings, commented_default, parse_assignments, read_settings
from llm4rec.engine.build import cache_folder


@pytest.fixture
def file(tmp_path):
    """Write a settings file."""

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_without_anything_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings(environment={}) == Settings()
    assert Settings().fit.model == "auto"


def test_each_source_goes_over_the_one_before(file):
    path = file('[fit]\nseed = 1\nmodel = "ease"\nquestions = 11\n')
    environment = {"LLM4REC_FIT__SEED": "2", "LLM4REC_FIT__QUESTIONS": "22", "HOME": "/x"}
    found = read_settings(path, {"fit.seed": 3}, environment)
    assert (found.fit.seed, found.fit.questions, found.fit.model) == (3, 22, "ease")
    assert found.fit.tune is True


def test_the_file_of_the_working_folder_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llm4rec.toml").write_text("[fit]\nseed = 9\n")
    assert read_settings(environment={}).fit.seed == 9


def test_the_environment_is_not_read_behind_ones_back(monkeypatch):
    monkeypatch.setenv("LLM4REC_FIT__SEED", "5")
    assert Settings().fit.seed == 0
    assert read_settings().fit.seed == 5


def test_options_of_models_are_merged_key_by_key(file):
    path = file("[models.ease]\nreg = 5.0\ndecay = 2.0\n")
    found = read_settings(path, {"models.ease.reg": 7.0}, {})
    assert found.models["ease"] == {"reg": 7.0, "decay": 2.0}


@pytest.mark.parametrize(
    ("source", "where"),
    [("file", r"mine\.toml"), ("environment", "the environment"), ("flags", "the command line")],
)
def test_an_unknown_key_is_named_with_its_place_and_the_nearest(file, source, where):
    path = file("[fit]\nsede = 1\n" if source == "file" else "")
    environment = {"LLM4REC_FIT__SEDE": "1"} if source == "environment" else {}
    flags = {"fit.sede": 1} if source == "flags" else {}
    with pytest.raises(SettingsError, match=rf"in .*{where}: no setting 'fit\.sede'; did you mean 'seed'\?"):
        read_settings(path, flags, environment)


def test_an_unknown_section_is_named_too(file):
    with pytest.raises(SettingsError, match=r"no setting 'encodr'; did you mean 'encoder'\?"):
        read_settings(file("[encodr]\nwidth = 3\n"), {}, {})


def test_a_key_far_from_all_lists_what_is_known(file):
    with pytest.raises(SettingsError, match=r"no setting 'fit\.zzz'; known here: model, budget, seed"):
        read_settings(file("[fit]\nzzz = 3\n"), {}, {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[fit]\nseed = -1\n", r"fit\.seed"),
        ('[fit]\nquestions = "many"\n', r"fit\.questions"),
        ("fit = 3\n", "fit"),
        ("[models]\nease = 3\n", r"models\.ease"),
        ("[models]\nease = 3\n[fit]\nsede = 1\n", r"models\.ease"),
        ("[fit]\nsede = 1\n[models]\nease = 3\n", r"fit\.sede"),
    ],
)
def test_a_wrong_value_is_named(file, text, key):
    with pytest.raises(SettingsError, match=key):
        read_settings(file(text), {}, {})


def test_a_value_that_is_no_section_cannot_hold_keys():
    with pytest.raises(SettingsError, match="fit"):
        read_settings(None, {"fit": 3, "fit.seed": 1}, {})


def test_a_missing_file_and_a_broken_one_are_named(tmp_path, file):
    with pytest.raises(NotFoundError, match=r"no settings file .*absent\.toml"):
        read_settings(tmp_path / "absent.toml")
    with pytest.raises(SettingsError, match=r"mine\.toml is not valid TOML"):
        read_settings(file("[fit\n"))


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().fit.seed = 3


def test_the_commented_default_is_the_default_with_every_key_explained():
    text = commented_default()
    tree = tomllib.loads(text)
    assert Settings(**tree) == Settings()
    assert {s: set(keys) for s, keys in tree.items()} == {
        name: set(type(field.default).model_fields)
        for name, field in Settings.model_fields.items()
        if name != "models"
    }
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[place - 1].startswith("# "), f"{line} is explained"
            assert lines[place - 1] != "# None", f"{line} is explained"


def test_values_are_typed_as_toml_reads_them_or_are_plain_text():
    found = parse_assignments(["reg=2e2", "decay=none", "tune=false", "name=minilm", 'quoted="a=b"', "n=3"])
    assert found == {"reg": 200.0, "decay": None, "tune": False, "name": "minilm", "quoted": "a=b", "n": 3}


@pytest.mark.parametrize("text", ["reg", "=5", ""])
def test_what_is_no_assignment_is_refused(text):
    with pytest.raises(SettingsError, match="is not KEY=VALUE"):
        parse_assignments([text])


def test_a_model_goes_over_the_settings_and_its_options_over_its_own():
    base = Settings(models={"ease": {"reg": 5.0, "decay": 1.0}})
    changed = base.with_model("ease", {"reg": 9.0})
    assert changed.fit.model == "ease"
    assert changed.models["ease"] == {"reg": 9.0, "decay": 1.0}
    assert base.fit.model == "auto"


def test_where_vectors_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder(Settings()) == tmp_path / "llm4rec"
    assert cache_folder(Settings(cache={"folder": "none"})) is None
    assert cache_folder(Settings(cache={"folder": "/somewhere"})).as_posix() == "/somewhere"
