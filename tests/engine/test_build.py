"""Names and options into parts."""

import pytest

from llm4rec.core import Generator, Message, NotFoundError, SettingsError, silent
from llm4rec.engine import Engine, Settings, parse_variant, split_variants
from llm4rec.engine.build import build_encoder, build_generator, build_model


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ease", ("ease", {})),
        ("ease()", ("ease", {})),
        (" ease(decay=none, reg=50) ", ("ease", {"decay": None, "reg": 50})),
        ("content(text=0.5)", ("content", {"text": 0.5})),
    ],
)
def test_a_variant_is_a_name_with_options_in_brackets(text, expected):
    assert parse_variant(text) == expected


def test_an_open_bracket_is_refused():
    with pytest.raises(SettingsError, match="bracket after 'ease' is not closed"):
        parse_variant("ease(reg=5")


def test_commas_inside_brackets_do_not_split_variants():
    assert split_variants("popular, ease(decay=none,reg=5),,content") == [
        "popular",
        "ease(decay=none,reg=5)",
        "content",
    ]


def test_a_model_is_built_with_its_options():
    assert build_model("ease", {"reg": 3.0}).config.reg == 3.0


def test_a_wrong_option_names_model_key_and_nearest():
    with pytest.raises(SettingsError, match=r"model 'ease' has no setting 'regg'; did you mean 'reg'\?"):
        build_model("ease", {"regg": 3.0})


def test_an_encoder_is_cached_where_the_settings_say(tmp_path):
    built = Settings(encoder={"name": "quick"}, cache={"folder": str(tmp_path)})
    encoder = build_encoder(built, silent)
    encoder.encode(["robots"])
    assert (tmp_path / "vectors.sqlite").is_file()
    plain = build_encoder(Settings(encoder={"name": "quick"}, cache={"folder": "none"}), silent)
    assert type(plain).__name__ == "Quick"


def test_no_encoder_where_the_settings_say_none():
    assert build_encoder(Settings(encoder={"name": "none"}), silent) is None


def test_a_wrong_encoder_and_a_wrong_option_of_one_are_named():
    with pytest.raises(NotFoundError, match=r"no encoder named 'minilmm'; did you mean 'minilm'\?"):
        build_encoder(Settings(encoder={"name": "minilmm"}), silent)
    wrong = Settings(encoder={"name": "quick", "options": {"widht": 3}})
    with pytest.raises(
        SettingsError, match=r"encoder 'quick' has no setting 'widht'; did you mean 'width'\?"
    ):
        build_encoder(wrong, silent)


def test_no_language_model_writes_unless_the_settings_name_one():
    assert build_generator(Settings()) is None


def test_a_generator_is_built_with_its_options():
    generator = build_generator(Settings(generator={"name": "double", "options": {"words": 2}}))
    assert isinstance(generator, Generator)
    assert len(generator.complete([Message("user", "one two three")]).split()) == 2


@pytest.mark.parametrize(
    ("generator", "error", "told"),
    [
        ({"name": "openia"}, NotFoundError, "did you mean 'openai'"),
        ({"name": "openai", "options": {"base_ulr": "x"}}, SettingsError, "did you mean 'base_url'"),
        ({"name": "openai"}, SettingsError, "base_url is empty, so nothing is contacted"),
        ({"name": "local"}, SettingsError, "folder is empty"),
    ],
)
def test_a_wrong_generator_is_told_when_it_is_built(generator, error, told):
    with pytest.raises(error, match=told):
        build_generator(Settings(generator=generator))


@pytest.mark.parametrize(
    ("settings", "error", "culprit"),
    [
        (Settings(fit={"model": "eese"}), NotFoundError, "eese"),
        (Settings(fit={"model": "ease"}, models={"ease": {"regg": 1}}), SettingsError, "regg"),
        (Settings(encoder={"name": "minilmm"}), NotFoundError, "minilmm"),
    ],
)
def test_wrong_settings_can_be_found_before_fitting(settings, error, culprit):
    with pytest.raises(error, match=culprit):
        Engine(settings).check()


def test_right_settings_pass_the_check():
    engine = Engine(model="ease", reg=3.0)
    assert engine.check() is engine


def test_options_need_a_model():
    with pytest.raises(SettingsError, match="need model=NAME"):
        Engine(reg=3.0)
