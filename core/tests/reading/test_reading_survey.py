"""The look at the bytes sees the same, wherever its chunks end."""

import pytest
from rosterbus.reading import survey as surveying
from rosterbus.reading.survey import Survey, survey


@pytest.mark.parametrize("chunk", range(1, 12))
@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b'a,"b"\r\n"c",d\r\n\r\n', Survey(16, newline=2, quotes=4, trailing=4, sound=True, spaced=False)),
        (b'a,"b" \nc,Zo\xc3\xab', Survey(13, newline=1, quotes=2, trailing=0, sound=True, spaced=True)),
        (b"a\r\nb\nc\r\n", Survey(8, newline=0, quotes=0, trailing=2, sound=True, spaced=False)),
        (b"a\rb\r", Survey(4, newline=0, quotes=0, trailing=1, sound=True, spaced=False)),
        (b"a\nZo\xeb,b\n", Survey(8, newline=1, quotes=0, trailing=1, sound=False, spaced=False)),
        (b"a\nZo\xc3", Survey(5, newline=1, quotes=0, trailing=0, sound=False, spaced=False)),
        (b"a\nb\0\n", Survey(5, newline=1, quotes=0, trailing=1, sound=False, spaced=False)),
        (b"", Survey(0, newline=1, quotes=0, trailing=0, sound=True, spaced=False)),
    ],
)
def test_sees_the_same_wherever_its_chunks_end(tmp_path, monkeypatch, chunk, content, seen):
    monkeypatch.setattr(surveying, "CHUNK", chunk)
    path = tmp_path / "students.csv"
    path.write_bytes(content)
    assert survey(path, quote='"') == seen
