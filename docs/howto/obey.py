"""Play a gateway that obeys: `python docs/howto/obey.py .borough/data gw-0001`."""  # noqa: INP001 - a script beside its page, no package

import csv
import json
import socket
import sys
from pathlib import Path

from borough.app.settings import Settings
from borough.edge.fleet import packets

DATA, KEY = Path(sys.argv[1]), sys.argv[2]
SETTINGS = Settings.read(DATA.resolve())
with (DATA / "credentials.csv").open(encoding="utf-8", newline="") as file:
    TOKEN = {row["key"]: row["token"] for row in csv.DictReader(file)}[KEY]

had: dict[str, None] = {}
number, buffer = 1, bytearray()
line = socket.create_connection((SETTINGS.host, SETTINGS.mqtt_port))
# A session that is kept, a client id of its own, and QoS 1: what comes while we are away waits.
line.sendall(packets.connect(f"{KEY}-obeys", KEY, TOKEN, keepalive_s=0, kept=True))
line.sendall(packets.subscribe(f"c/{KEY}/#", 1, qos=1))
while data := line.recv(65_536):
    buffer += data
    for packet in packets.split(buffer):
        if packet.type == packets.SUBACK:
            sys.stdout.write(f"{KEY} listens\n" if packet.body[-1] <= 1 else "refused\n")
        if packet.type != packets.PUBLISH:
            continue
        topic, payload, given = packets.message(packet)
        command, device = json.loads(payload), topic.split("/")[2]
        sys.stdout.write(f"{topic} {payload.decode()}\n")
        number = number % 60_000 + 2
        heard = json.dumps({"id": command["id"]}).encode()
        line.sendall(packets.acknowledge(given) if given else b"")
        line.sendall(packets.publish_surely(f"a/{KEY}/{device}", heard, number))
        if command["id"] not in had:  # the same one again: answered, not done again
            had[command["id"]] = None
            state = json.dumps({"v": command["value"]}).encode()  # turn the valve here, then look
            where = f"d/{KEY}/{device}/{command['property']}"
            line.sendall(packets.publish_surely(where, state, number + 1))
    sys.stdout.flush()
