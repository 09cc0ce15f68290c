"""`borough backup`: keep a whole district in one file, while it runs."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.backup import Manifest, back_up, verified
from borough.cli.progress import Progress

app = App(name="backup", help="备份。Keep a whole district in one file, while it runs.")
AsJson = Annotated[bool, Parameter(name="--json", negative="")]


@app.default
def backup(target: Path, *, data: Path = Path(".borough/data"), as_json: AsJson = False) -> None:
    """备份一个区县。Keep everything of a district in one file; it may run meanwhile.

    The file holds the operator's token and the credentials of the devices: only you may read
    it, and whoever can may act as the district. 备份内含令牌，请妥善保管。

    Parameters
    ----------
    target
        The file to make, or a folder to make it in; nothing is overwritten.
    data
        The data folder of the district.
    as_json
        Print what the archive holds as one JSON object.
    """
    with Progress() as progress:
        path, manifest = back_up(data.resolve(), target.resolve(), progress.tell)
    tell(path, manifest, as_json=as_json)


@app.command
def verify(file: Path, *, as_json: AsJson = False) -> None:
    """核验备份。Read a backup from end to end and say whether it is whole.

    Parameters
    ----------
    file
        The archive.
    as_json
        Print what the archive holds as one JSON object.
    """
    with Progress() as progress:
        manifest = verified(file, lambda done, total: progress.tell("verify", done, total))
    tell(file, manifest, as_json=as_json)


def tell(path: Path, manifest: Manifest, *, as_json: bool) -> None:
    """Say what an archive holds."""
    if as_json:
        said = asdict(manifest) | {"file": str(path), "bytes": path.stat().st_size}
        print(json.dumps(said | {"parts": len(manifest.parts)}, ensure_ascii=False))
        return
    at = datetime.fromtimestamp(manifest.moment_ms / 1000, UTC).isoformat(timespec="seconds")
    print(f"{path}  {path.stat().st_size / 1e6:,.1f} MB, {len(manifest.parts)} parts")
    print(f"{manifest.name['zh']} · {manifest.name['en']}, Borough {manifest.release}")
    print(f"区县时间 · district time {at}")
    for text in manifest.synthetic.values():
        print(text)
    if manifest.unjournalled:
        print(
            f"!! {manifest.unjournalled} 条已确认但未入日志的消息不在备份内，请稍后再备份一次 · "
            "messages were acknowledged and not journalled yet; they are not in it: back up again"
        )
