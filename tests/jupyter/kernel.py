"""A kernel and its client, for tests."""

import queue
import time
import unittest

from jupyter_client.manager import start_new_kernel

TIMEOUT = 40


class Ended:
    """What one cell gave: its reply, and the messages published for it."""

    def __init__(self, reply, messages):
        self.reply = reply
        self.messages = messages

    @property
    def status(self):
        return self.reply["status"]

    def of(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == name)

    @property
    def kinds(self):
        return [m["msg_type"] for m in self.messages if m["msg_type"] != "status"]

    @property
    def value(self):
        results = self.of("execute_result")
        return results[0]["data"]["text/plain"] if results else None


class KernelCase(unittest.TestCase):
    """Tests that share one kernel, until one of them fails: the next gets a fresh one."""

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60)

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel(now=False)

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.errors) + len(result.failures)
        super().run(result)
        if len(result.errors) + len(result.failures) > before:
            self.kc.stop_channels()
            self.km.shutdown_kernel(now=True)
            type(self).setUpClass()
        return result

    def setUp(self):
        drain(self.kc)

    def run_cell(self, code, timeout=TIMEOUT, **options):
        return run_cell(self.kc, code, timeout, **options)

    def start_cell(self, code, **options):
        """Sends a cell and waits until it runs."""
        msg_id = self.kc.execute(code, **options)
        self.wait_for("execute_input", msg_id)
        return msg_id

    def wait_for(self, kind, msg_id, timeout=TIMEOUT):
        return wait_for(self.kc, kind, msg_id, timeout)

    def assert_alive(self):
        self.assertEqual(self.run_cell("6 * 7").value, "42")


class OwnKernelCase(unittest.TestCase):
    """Tests that each have a kernel of their own, since they end or restart it."""

    def setUp(self):
        self.km, self.kc = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60)

    def tearDown(self):
        self.kc.stop_channels()
        if self.km.is_alive():
            self.km.shutdown_kernel(now=True)


def drain(kc):
    """Takes what is left of earlier tests off the channels."""
    for get in (kc.get_shell_msg, kc.get_iopub_msg, kc.get_control_msg, kc.get_stdin_msg):
        try:
            while True:
                get(timeout=0.02)
        except queue.Empty:
            pass


def run_cell(kc, code, timeout=TIMEOUT, **options):
    options.setdefault("allow_stdin", False)
    return finish(kc, kc.execute(code, **options), timeout)


def finish(kc, msg_id, timeout=TIMEOUT, reply=None):
    """Waits for a cell's end; messages of others are left out. A reply that has been taken already can be given."""
    until = time.monotonic() + timeout
    messages = []
    while True:
        message = kc.get_iopub_msg(timeout=max(0.01, until - time.monotonic()))
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        messages.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    return Ended((reply or shell_reply(kc, msg_id, timeout))["content"], messages)


def shell_reply(kc, msg_id, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while True:
        reply = kc.get_shell_msg(timeout=max(0.01, until - time.monotonic()))
        if reply["parent_header"].get("msg_id") == msg_id:
            return reply


def control_request(kc, kind, content=None, timeout=TIMEOUT):
    message = kc.session.msg(kind, content or {})
    kc.control_channel.send(message)
    until = time.monotonic() + timeout
    while True:
        reply = kc.get_control_msg(timeout=max(0.01, until - time.monotonic()))
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return reply["content"]


def wait_for(kc, kind, msg_id, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while True:
        message = kc.get_iopub_msg(timeout=max(0.01, until - time.monotonic()))
        if message["msg_type"] == kind and message["parent_header"].get("msg_id") == msg_id:
            return message
