from __future__ import annotations

import threading

from twelvelabs_responses.emulator._exchanges import Exchange, Exchanges, kept_headers


def test_exchanges_are_in_order_of_arrival() -> None:
    exchanges = Exchanges()
    first, second = Exchange(None, {}, 1), Exchange({}, {}, 2)
    exchanges.add(first)
    exchanges.add(second)
    assert exchanges.all() == [first, second]


def test_two_exchanges_are_never_the_same() -> None:
    assert Exchange(None, {}, 1) != Exchange(None, {}, 1)


def test_headers_are_kept_without_secrets() -> None:
    headers = {"x-api-key": "k", "authorization": "Bearer k", "cookie": "k", "proxy-authorization": "k", "accept": "*"}
    assert kept_headers(headers) == {"accept": "*"}


def test_who_waits_is_woken_by_a_change() -> None:
    exchanges = Exchanges()
    looked = threading.Event()

    def predicate() -> bool:
        looked.set()
        return bool(exchanges.all())

    def arrive() -> None:
        looked.wait()
        exchanges.add(Exchange(None, {}, 1))

    thread = threading.Thread(target=arrive)
    thread.start()
    assert exchanges.wait_for(predicate, 5)
    thread.join()


def test_who_waits_in_vain_is_told_so() -> None:
    exchanges = Exchanges()
    exchanges.notify()
    assert not exchanges.wait_for(lambda: False, 0.01)
