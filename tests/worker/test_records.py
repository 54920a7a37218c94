"""A record is believed only where it is the one that was sealed."""

from pathlib import Path

import pytest

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.seal import Seal
from activity_bench import call
from sample_run import sample_run
from worker.commands.transcript import show_transcript
from worker.commands.values import show_values
from worker.settings import ArtifactSettings, Settings, SettingsError


async def test_a_record_that_somebody_has_changed_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    sealed = await call(Seal(documents).seal, run)
    settings = Settings(artifacts=ArtifactSettings(path=tmp_path))
    await show_transcript(settings, "last", "acc-003", step="deploy", out=None)
    assert capsys.readouterr().out.startswith("step deploy\n")

    record = Path(sealed.report).with_name("record.json")
    record.write_bytes(record.read_bytes().replace(b'"requester":"carol"', b'"requester":"alice"'))
    with pytest.raises(SettingsError, match="is not what was sealed: there is no record sha256:"):
        await show_transcript(settings, "last", "acc-003", step="deploy", out=None)
    with pytest.raises(SettingsError, match="names the one that was sealed"):
        await show_values(settings, run.scope.workflow_id, None, host=None, step=None, out=None)
