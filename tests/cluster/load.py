#!/usr/bin/env python3
"""load - clients that place orders until told to end (SIGTERM), try again what failed, and then say which orders were acknowledged.

usage: load.py URL PRODUCT CLIENTS FILE         on the node; FILE: {"acknowledged": [order ids], "failed": requests without a 201}

Unlike siege it goes on when much fails, and it knows each order.
"""
import http.client
import json
import re
import signal
import sys
import threading
import urllib.parse


def client(host, body, ending, acknowledged, failed):
    connection = None
    while not ending.is_set():
        try:
            connection = connection or http.client.HTTPConnection(host, timeout=30)
            connection.request("POST", "/orders", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 201:
                acknowledged.append(int(re.search(r"/orders/(\d+)$", answer.getheader("Location"))[1]))
                continue
        except (OSError, http.client.HTTPException):
            connection = None
        failed.append(1)
        ending.wait(0.2)


def main(url, product, clients, file):
    ending, acknowledged, failed = threading.Event(), [], []
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    body = json.dumps({"productId": product, "productName": "TV", "qty": 1, "customerId": "100"})
    threads = [threading.Thread(target=client, args=(urllib.parse.urlsplit(url).netloc, body, ending, acknowledged, failed)) for _ in range(int(clients))]
    for thread in threads:
        thread.start()
    print("begun", flush=True)
    for thread in threads:
        thread.join()
    with open(file, "w") as f:
        json.dump({"acknowledged": acknowledged, "failed": len(failed)}, f)


if __name__ == "__main__":
    main(*sys.argv[1:])
