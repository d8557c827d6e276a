"""Bytes, messages and code that must not end the kernel."""

import json
import socket
import time
import unittest

import zmq

from kernel import KernelCase, TIMEOUT, shell_reply

HEADER = {"msg_id": "m", "session": "s", "username": "u", "date": "2026-01-01T00:00:00Z", "version": "5.5"}


class BadInput(KernelCase):
    def frames(self, header, content, key=None):
        body = [header, b"{}", b"{}", content]
        signature = self.kc.session.sign(body) if key is None else key
        return [b"<IDS|MSG>", signature, *body]

    def channels(self):
        for name in ("shell", "control", "stdin"):
            with self.subTest(name), zmq.Context.instance().socket(zmq.DEALER) as sock:
                sock.linger = 500
                sock.connect(f"tcp://127.0.0.1:{getattr(self.kc, name + '_port')}")
                yield name, sock

    def test_frames_that_are_no_message(self):
        for _, sock in self.channels():
            for frames in ([b""], [b"x"], [b"<IDS|MSG>"], [b"<IDS|MSG>"] + [b""] * 5, [b"\xff" * 10] * 20):
                sock.send_multipart(frames)
        self.assert_alive()

    def test_headers_and_contents_that_make_no_sense(self):
        for _, sock in self.channels():
            for header in (b"", b"[]", b"7", b"{", b"null", b"{}", b'{"msg_id": 5}', b'{"msg_id": "a"}', b'{"msg_type": "execute_request"}', b"\xff\xfe", b"[" * 50_000):
                sock.send_multipart(self.frames(header, b"{}"))
            for kind in ("execute_request", "complete_request", "history_request", "comm_open", "comm_msg", "input_reply", "debug_request", "nonsense"):
                for i, content in enumerate((b"", b"[]", b"7", b'{"code": 7}', b'{"code": "\xff"}', b'{"a":' * 5000)):
                    header = json.dumps(dict(HEADER, msg_type=kind, msg_id=f"{kind}{i}")).encode()
                    sock.send_multipart(self.frames(header, content))
        self.assert_alive()

    def test_unsigned_wrongly_signed_and_replayed_messages_are_refused(self):
        self.run_cell("var hacked = 0;")
        header = json.dumps(dict(HEADER, msg_type="execute_request", msg_id="hack")).encode()
        content = json.dumps({"code": "hacked++;"}).encode()
        shutdown = json.dumps(dict(HEADER, msg_type="shutdown_request", msg_id="end")).encode()
        for _, sock in self.channels():
            for key in (b"", b"0" * 64, b"short", b"\xff" * 64):
                sock.send_multipart(self.frames(header, content, key))
                sock.send_multipart(self.frames(shutdown, b'{"restart": false}', key))
        self.assertEqual(self.run_cell("hacked").value, "0")
        with zmq.Context.instance().socket(zmq.DEALER) as sock:
            sock.connect(f"tcp://127.0.0.1:{self.kc.shell_port}")
            for _ in range(3):
                sock.send_multipart(self.frames(header, content))
            self.assertTrue(sock.poll(TIMEOUT * 1000))
        self.assertEqual(self.run_cell("hacked").value, "1")

    def test_bytes_that_are_no_ZeroMQ_on_every_port(self):
        for name in ("shell", "control", "stdin", "iopub", "hb"):
            for text in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 1000, b"\xff" + b"\x00" * 8 + b"\x7f" + b"A" * 5000, b"\x01\x00" * 500):
                with self.subTest(name), socket.create_connection(("127.0.0.1", getattr(self.kc, name + "_port"))) as stranger:
                    stranger.sendall(text)
        self.kc.hb_channel.unpause()
        time.sleep(2)
        self.assertTrue(self.kc.hb_channel.is_beating())
        self.assert_alive()

    def test_messages_on_the_channels_that_take_none(self):
        """On iopub a client only subscribes, and the heartbeat sends everything back: nothing that comes there is obeyed."""
        self.run_cell("var untouched = 0;")
        header = json.dumps(dict(HEADER, msg_type="execute_request", msg_id="aside")).encode()
        shutdown = json.dumps(dict(HEADER, msg_type="shutdown_request", msg_id="end")).encode()
        content = json.dumps({"code": "untouched++;"}).encode()
        messages = [[b"x"], [b"\xff" * 10] * 20, [b"<IDS|MSG>"], [b"<IDS|MSG>"] + [b""] * 5, [b"\x02unknown"], [b"\x01\xff\xfe"]]
        for key in (None, b"", b"0" * 64, b"\xff" * 64):
            messages += [self.frames(header, content, key), self.frames(shutdown, b'{"restart": false}', key), self.frames(b"{", b"[", key)]
        messages.append([b"\x01" + b"t" * 5000])
        with zmq.Context.instance().socket(zmq.XSUB) as listener:
            listener.linger = 500
            listener.connect(f"tcp://127.0.0.1:{self.kc.iopub_port}")
            for frames in messages:
                listener.send_multipart(frames)
        with zmq.Context.instance().socket(zmq.DEALER) as beat:
            beat.linger = 500
            beat.connect(f"tcp://127.0.0.1:{self.kc.hb_port}")
            for frames in messages:
                beat.send_multipart(frames)
                self.assertTrue(beat.poll(TIMEOUT * 1000))
                self.assertEqual(beat.recv_multipart(), frames)
        time.sleep(0.5)
        self.assertEqual(self.run_cell("untouched").value, "0")

    def test_frames_that_break_the_protocol_behind_its_greeting(self):
        kinds = {"shell": b"DEALER", "control": b"DEALER", "stdin": b"DEALER", "iopub": b"SUB", "hb": b"REQ"}
        greeting = b"\xff" + b"\x00" * 8 + b"\x7f\x03\x00NULL" + b"\x00" * 48

        def ready(kind):
            body = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind
            return b"\x04" + bytes([len(body)]) + body

        broken = {
            "flags that do not exist": b"\xff\x00",
            "a length below zero": b"\x02" + b"\xff" * 8,
            "a length beyond all memory": b"\x02\x40" + b"\x00" * 7 + b"x" * 1000,
            "half a frame": b"\x00\xffhalf",
            "parts without end": b"\x01\x01x" * 20_000,
            "an empty command": b"\x04\x00",
            "a command that is shorter than its name": b"\x04\x02\xffA",
            "a ping without its time": b"\x04\x05\x04PING",
            "a second introduction": ready(b"ROUTER"),
            "an unknown command": b"\x04\x08\x07UNKNOWN",
        }
        for name, kind in kinds.items():
            port = getattr(self.kc, name + "_port")
            for what, frames in broken.items():
                for introduced in (greeting + ready(kind), greeting + ready(b"PULL"), greeting):
                    with self.subTest(f"{name}: {what}"), socket.create_connection(("127.0.0.1", port)) as stranger:
                        try:
                            stranger.sendall(introduced + frames)
                        except OSError:
                            pass  # Refused before all of it was sent.
        with zmq.Context.instance().socket(zmq.REQ) as beat:
            beat.linger = 0
            beat.connect(f"tcp://127.0.0.1:{self.kc.hb_port}")
            beat.send(b"ping")
            self.assertTrue(beat.poll(TIMEOUT * 1000))
        self.assert_alive()

    def test_connections_that_never_introduce_themselves_keep_nobody_out(self):
        silent = []
        try:
            for i in range(2_000):
                name = ("shell", "control", "stdin", "iopub", "hb")[i % 5]
                silent.append(socket.create_connection(("127.0.0.1", getattr(self.kc, name + "_port"))))
            # They make way, oldest first, and a new client is served.
            with zmq.Context.instance().socket(zmq.REQ) as beat:
                beat.linger = 0
                beat.connect(f"tcp://127.0.0.1:{self.kc.hb_port}")
                beat.send(b"ping")
                self.assertTrue(beat.poll(TIMEOUT * 1000))
                self.assertEqual(beat.recv(), b"ping")
            self.assert_alive()
        finally:
            for stranger in silent:
                stranger.close()

    def test_a_subscriber_that_does_not_read_keeps_nothing_from_the_others(self):
        with socket.create_connection(("127.0.0.1", self.kc.iopub_port)) as deaf:
            # The greeting, READY of a SUB, a subscription to everything.
            ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"
            deaf.sendall(b"\xff" + b"\x00" * 8 + b"\x7f\x03\x00NULL" + b"\x00" * 48 + b"\x04" + bytes([len(ready)]) + ready + b"\x00\x01\x01")
            ended = self.run_cell("for (var i = 0; i < 200; i++) Console.Write(new string('x', 50_000));", timeout=120)
            self.assertEqual(len(ended.text()), 10_000_000)
            self.assert_alive()

    def test_code_of_five_megabytes(self):
        ended = self.run_cell("//" + "x" * 5_000_000 + "\n21 * 2", timeout=60)
        self.assertEqual(ended.value, "42")
        ended = self.run_cell("var s = \"" + "é" * 2_500_000 + "\"; s.Length", timeout=60)
        self.assertEqual(ended.value, "2500000")

    def test_code_with_a_NUL_or_half_a_pair(self):
        self.assertEqual(self.run_cell("1 +\0 1").status, "error")
        self.assertEqual(self.run_cell('"a\0b".Length').value, "3")
        header = json.dumps(dict(HEADER, msg_type="execute_request", msg_id="half")).encode()
        with zmq.Context.instance().socket(zmq.DEALER) as sock:
            sock.connect(f"tcp://127.0.0.1:{self.kc.shell_port}")
            sock.send_multipart(self.frames(header, b'{"code": "var half = \\"\\ud800\\";"}'))
            self.assertTrue(sock.poll(TIMEOUT * 1000))
            self.assertEqual(json.loads(sock.recv_multipart()[5])["status"], "ok")

    def test_code_nested_beyond_reason(self):
        for code in ("(" * 20_000 + "1" + ")" * 20_000, "{" * 20_000, "[" * 20_000, "-" * 50_000 + "1", "1" + "+1" * 20_000):
            with self.subTest(code[:5]):
                self.assertEqual(self.run_cell(code, timeout=60).reply["status"] in ("ok", "error"), True)
        self.assert_alive()

    def test_questions_about_broken_code_are_answered(self):
        for code in ("\0", "\ud7ff\uffff", "(" * 5000, "#!", "#r \"", "\"" * 99, "/*", "@", "x." * 3000):
            for ask in (self.kc.complete, self.kc.inspect, self.kc.is_complete):
                with self.subTest(f"{ask.__name__} {code[:5]!r}"):
                    self.assertIn("status", shell_reply(self.kc, ask(code))["content"])
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
