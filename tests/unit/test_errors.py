"""What is said of an error that a user's code has raised."""

import pytest

from dendroflow.errors import in_words, printable


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError("a lone \ud800"), "ValueError: a lone \\ud800"),
        (ValueError("\x1b[31mred\x07"), "ValueError: \\x1b[31mred\\x07"),
        (MuteError(), "MuteError: (its text cannot be made)"),
    ],
)
def test_an_error_is_one_printable_line(error, said):
    assert in_words(error) == said


def test_ten_megabytes_are_cut():
    assert len(in_words(ValueError("x" * 10_000_000))) == 500


def test_letters_of_all_languages_stay():
    assert printable("τ_m größe 細胞 µm² 😀") == "τ_m größe 細胞 µm² 😀"
