"""The asset store: content-addressed, bounded, least recently used out first."""

from __future__ import annotations

import hashlib

from gandash.app.assets import AssetStore


def test_a_name_is_the_hash_of_the_content() -> None:
    store = AssetStore()
    name = store.put(b"picture", "webp")
    assert name == hashlib.sha256(b"picture").hexdigest() + ".webp"
    assert store.put(b"picture", "webp") == name
    assert store.get(name) == b"picture"
    assert store.get("unknown.webp") is None


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    store = AssetStore(max_bytes=30)
    first, second, third = (store.put(bytes([n]) * 10, "webp") for n in range(3))
    assert store.get(first) is not None
    fourth = store.put(b"x" * 10, "webp")
    assert store.get(second) is None
    assert None not in (store.get(first), store.get(third), store.get(fourth))


def test_putting_the_same_again_does_not_count_twice() -> None:
    store = AssetStore(max_bytes=25)
    kept = store.put(b"a" * 10, "webp")
    for _ in range(5):
        store.put(b"b" * 10, "webp")
    assert store.get(kept) is not None
