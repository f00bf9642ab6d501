"""Drives every method of Twilio's library for Python that has to do with Video against a server, and prints what each
gave: one line of JSON a call. Who is called and by whom stands in the environment: ATRIUM_URL, ATRIUM_ACCOUNT_SID,
ATRIUM_AUTH_TOKEN; ATRIUM_ROOM is a room in which alice publishes tracks and bob receives them."""

import datetime
import json
import os
import re
import sys

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

URL = os.environ["ATRIUM_URL"]
ACCOUNT = os.environ["ATRIUM_ACCOUNT_SID"]
ROOM = os.environ["ATRIUM_ROOM"]
HOSTS = re.compile(r"^https://(video|api)\.twilio\.com(?=/)")


class LedClient(TwilioHttpClient):
    """The library's own HTTP client, led to the server under test where it would go to Twilio."""

    def request(self, method, url, *arguments, **options):
        return super().request(method, HOSTS.sub(URL, url), *arguments, **options)


def client_for(user, password):
    return Client(user, password, ACCOUNT, http_client=LedClient())


def plain(value):
    """What the library made of an answer, as JSON: a date says so, as it would be a text if it could not be read."""
    if isinstance(value, datetime.datetime):
        return {"date": value.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if hasattr(value, "_properties"):
        return plain(value._properties)
    return value


def call(name, method):
    """Makes a call, prints its outcome, and returns what it gave."""
    outcome = {"call": name}
    value = None
    try:
        value = method()
        outcome["value"] = plain(value)
    except TwilioRestException as error:
        outcome["error"] = {"code": error.code, "status": error.status}
    except Exception as error:  # The library could not read the answer.
        outcome["broken"] = repr(error)
    print(json.dumps(outcome), flush=True)
    return value


def rooms(video):
    name = "python room"
    created = call(
        "rooms.create",
        lambda: video.rooms.create(
            unique_name=name,
            type="group",
            max_participants=5,
            empty_room_timeout=7,
            unused_room_timeout=8,
            max_participant_duration=900,
            media_region="ie1",
            status_callback_method="GET",
            record_participants_on_connect=False,
            video_codecs=["VP8"],
            recording_rules=[{"type": "exclude", "all": True}],
        ),
    )
    call("rooms.create again", lambda: video.rooms.create(unique_name=name))
    call("rooms.create wrong", lambda: video.rooms.create(max_participants=1000))
    call("rooms.fetch", lambda: video.rooms(name).fetch())
    call("rooms.fetch none", lambda: video.rooms("no such room").fetch())
    for _ in range(3):
        video.rooms.create()
    call("rooms.list", lambda: len(video.rooms.list(page_size=2)) >= 5)
    call("rooms.list by name", lambda: [room.sid for room in video.rooms.list(unique_name=name)] == [created.sid])
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    call("rooms.list from tomorrow", lambda: video.rooms.list(date_created_after=tomorrow))
    call("rooms.stream", lambda: len(list(video.rooms.stream(limit=2, page_size=1))))
    page = video.rooms.page(page_size=1)
    call("rooms.get_page", lambda: len(list(video.rooms.get_page(page.next_page_url))))
    call("rooms.update wrong", lambda: video.rooms(name).update(status="in-progress"))
    call("rooms.update", lambda: created.update(status="completed"))
    call("rooms.update again", lambda: video.rooms(created.sid).update(status="completed"))
    call("rooms.list completed", lambda: [r.sid for r in video.rooms.list(status="completed")] == [created.sid])
    call("rooms.recording_rules of the ended", lambda: created.recording_rules.fetch())
    return created.sid


def participants(video):
    room = video.rooms(ROOM)
    call("participants.list", lambda: sorted(one.identity for one in room.participants.list()))
    call("participants.list by identity", lambda: [one.identity for one in room.participants.list(identity="bob")])
    call("participants.fetch", lambda: room.participants("alice").fetch())
    call("participants.fetch none", lambda: room.participants("nobody").fetch())
    alice, bob = room.participants("alice"), room.participants("bob")
    published = call("published_tracks.list", lambda: alice.published_tracks.list())
    call("published_tracks.fetch", lambda: alice.published_tracks("voice").fetch())
    call("published_tracks.fetch none", lambda: alice.published_tracks("none").fetch())
    call("subscribed_tracks.list", lambda: bob.subscribed_tracks.list())
    call("subscribed_tracks.fetch", lambda: bob.subscribed_tracks(published[0].sid).fetch())
    call("subscribed_tracks.fetch none", lambda: bob.subscribed_tracks("voice").fetch())
    call("subscribe_rules.fetch", lambda: bob.subscribe_rules.fetch())
    rules = [{"type": "include", "all": True}, {"type": "exclude", "publisher": "alice", "kind": "video"}]
    call("subscribe_rules.update", lambda: bob.subscribe_rules.update(rules=rules))
    call("subscribe_rules.update wrong", lambda: bob.subscribe_rules.update(rules=[]))
    call("recording_rules.fetch", lambda: room.recording_rules.fetch())
    call("recording_rules.update", lambda: room.recording_rules.update(rules=[{"type": "include", "kind": "audio"}]))
    call("recording_rules.update wrong", lambda: room.recording_rules.update(rules=[{"type": "include"}]))
    call("participants.update wrong", lambda: bob.update(status="connected"))
    call("participants.update", lambda: bob.update(status="disconnected"))


def recordings(video, room_sid):
    recording, composition, hook = (prefix + "a" * 32 for prefix in ("RT", "CJ", "HK"))
    call("recordings.list", lambda: video.recordings.list(status="completed", grouping_sid=[room_sid]))
    call("recordings.fetch", lambda: video.recordings(recording).fetch())
    call("recordings.delete", lambda: video.recordings(recording).delete())
    call("rooms.recordings.list", lambda: video.rooms(room_sid).recordings.list())
    call("rooms.recordings.fetch", lambda: video.rooms(room_sid).recordings(recording).fetch())
    call("rooms.recordings.delete", lambda: video.rooms(room_sid).recordings(recording).delete())
    call("compositions.create", lambda: video.compositions.create(room_sid=room_sid, audio_sources=["*"]))
    call("compositions.list", lambda: video.compositions.list(status="completed"))
    call("compositions.fetch", lambda: video.compositions(composition).fetch())
    call("compositions.delete", lambda: video.compositions(composition).delete())
    call("composition_hooks.create", lambda: video.composition_hooks.create(friendly_name="hook"))
    call("composition_hooks.list", lambda: video.composition_hooks.list(enabled=True))
    call("composition_hooks.fetch", lambda: video.composition_hooks(hook).fetch())
    call("composition_hooks.update", lambda: video.composition_hooks(hook).update(friendly_name="hook"))
    call("composition_hooks.delete", lambda: video.composition_hooks(hook).delete())
    for name, settings in (
        ("recording_settings", video.recording_settings),
        ("composition_settings", video.composition_settings),
    ):
        call(name + ".fetch", lambda: settings().fetch())
        call(
            name + ".create",
            lambda: settings().create(
                friendly_name="bucket", aws_s3_url="https://bucket.example.com/x", aws_storage_enabled=True
            ),
        )
        call(name + ".create wrong", lambda: settings().create(friendly_name="x", aws_credentials_sid="x"))


def keys(client):
    for name, create, of in (
        ("keys", client.new_keys.create, client.keys),
        ("signing_keys", client.new_signing_keys.create, client.signing_keys),
    ):
        key = call(name + ".create", lambda: create(friendly_name="python"))
        call(name + ".create wrong", lambda: create(friendly_name="x" * 65))
        call(name + ".fetch", lambda: of(key.sid).fetch())
        call(name + ".update", lambda: of(key.sid).update(friendly_name="snake"))
        call(name + ".list", lambda: [one.friendly_name for one in of.list(page_size=1)])
        by_key = client_for(key.sid, key.secret)
        call(name + " opens", lambda: len(by_key.video.rooms.list(limit=1)))
        call(name + ".delete", lambda: of(key.sid).delete())
        call(name + " opens no more", lambda: by_key.video.rooms.create())
        call(name + ".fetch deleted", lambda: of(key.sid).fetch())


def account(client):
    call("accounts.fetch", lambda: client.api.accounts(ACCOUNT).fetch())
    call("accounts.fetch none", lambda: client.api.accounts("AC" + "9" * 32).fetch())
    call("accounts.list", lambda: [one.sid for one in client.api.accounts.list()])
    call("accounts.create", lambda: client.api.accounts.create(friendly_name="new"))
    call("tokens.create", lambda: client.tokens.create(ttl=60))
    call("tokens.create wrong", lambda: client.tokens.create(ttl=0))


def main():
    client = client_for(ACCOUNT, os.environ["ATRIUM_AUTH_TOKEN"])
    room_sid = rooms(client.video)
    participants(client.video)
    recordings(client.video, room_sid)
    keys(client)
    account(client)
    stranger = client_for(ACCOUNT, "wrong")
    call("stranger", lambda: stranger.video.rooms("room").fetch())


if __name__ == "__main__":
    sys.exit(main())
