"""Starts, restarts, ends, and clients that come and go."""

import json
import os
import queue
import signal
import stat
import subprocess
import sys
import time
import unittest

import zmq
from jupyter_client import BlockingKernelClient

from kernel import KernelCase, OwnKernelCase, TIMEOUT, control_request, finish, run_cell, shell_reply


def second_client(km):
    # A session of its own: one of the manager's would share the first client's identity.
    client = BlockingKernelClient(connection_file=km.connection_file)
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=TIMEOUT)
    return client


def wait_until(condition, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


class Shared(KernelCase):
    def test_two_clients_see_each_others_outputs(self):
        other = second_client(self.km)
        try:
            self.run_cell("var shared = 5;")
            self.assertEqual(run_cell(other, "shared + 1").value, "6")
            msg_id = other.execute('Console.Write("to all");')
            self.assertEqual(self.wait_for("stream", msg_id)["content"]["text"], "to all")
            finish(other, msg_id)
            mine, theirs = self.kc.execute("1"), other.execute("2")
            self.assertEqual(shell_reply(self.kc, mine)["content"]["status"], "ok")
            self.assertEqual(shell_reply(other, theirs)["content"]["status"], "ok")
        finally:
            other.stop_channels()

    def test_input_is_asked_of_the_client_that_runs_the_cell(self):
        other = second_client(self.km)
        try:
            msg_id = other.execute("Console.ReadLine()", allow_stdin=True)
            self.assertEqual(other.get_stdin_msg(timeout=TIMEOUT)["parent_header"]["msg_id"], msg_id)
            self.kc.input("from somebody else")
            time.sleep(0.3)
            other.input("mine")
            self.assertEqual(finish(other, msg_id).value, "mine")
            with self.assertRaises(queue.Empty):
                self.kc.get_stdin_msg(timeout=0.1)
        finally:
            other.stop_channels()

    def test_a_client_that_vanishes_in_the_middle_of_a_cell(self):
        code = f"""
import os, sys
from jupyter_client import BlockingKernelClient
kc = BlockingKernelClient(connection_file={self.km.connection_file!r})
kc.load_connection_file(); kc.start_channels(); kc.wait_for_ready(timeout=30)
kc.execute('for (var i = 0; i < 40; i++) {{ Console.WriteLine(i); await Task.Delay(50); }}')
kc.get_iopub_msg(timeout=30)
os._exit(0)
"""
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)
        self.assert_alive()

    def test_a_client_that_asks_for_input_and_vanishes_can_be_interrupted(self):
        other = second_client(self.km)
        msg_id = other.execute("Console.ReadLine()", allow_stdin=True)
        other.get_stdin_msg(timeout=TIMEOUT)
        other.stop_channels()
        self.km.interrupt_kernel()
        self.wait_for("error", msg_id)
        self.wait_for("status", msg_id)
        self.assert_alive()

    def test_a_subscriber_is_welcomed_with_its_topic(self):
        with zmq.Context.instance().socket(zmq.SUB) as sub:
            sub.connect(f"tcp://127.0.0.1:{self.kc.iopub_port}")
            for topic in (b"", b"stream."):
                sub.subscribe(topic)
                self.assertTrue(sub.poll(TIMEOUT * 1000))
                frames = sub.recv_multipart()
                header, parent, _, content = (json.loads(frame) for frame in frames[3:7])
                self.assertEqual((header["msg_type"], parent, content), ("iopub_welcome", {}, {"subscription": topic.decode()}))
                if not topic:
                    sub.unsubscribe(topic)
                    time.sleep(0.1)

    def test_nobody_is_welcomed_because_another_subscribed(self):
        with zmq.Context.instance().socket(zmq.SUB) as first, zmq.Context.instance().socket(zmq.SUB) as second:
            for sub in (first, second):
                sub.connect(f"tcp://127.0.0.1:{self.kc.iopub_port}")
                sub.subscribe(b"")
                self.assertTrue(sub.poll(TIMEOUT * 1000))
                self.assertEqual(json.loads(sub.recv_multipart()[3])["msg_type"], "iopub_welcome")
            self.run_cell("1")
            self.assertNotEqual(json.loads(first.recv_multipart()[3])["msg_type"], "iopub_welcome")

    def test_two_clients_of_one_session_are_both_served(self):
        # Two of the manager's own share a session, and by it the identity on every channel; their messages' numbers must not be the same.
        clients = [self.km.client() for _ in range(2)]
        try:
            for i, client in enumerate(clients):
                client.session.message_count += 10_000 * (i + 1)
                client.start_channels()
                client.wait_for_ready(timeout=TIMEOUT)
            for i in range(3):
                for j, client in enumerate(clients):
                    self.assertEqual(run_cell(client, f"{i} * 10 + {j}").value, str(i * 10 + j))
            for client in clients:
                msg_id = client.execute("Console.ReadLine()", allow_stdin=True)
                self.assertEqual(client.get_stdin_msg(timeout=TIMEOUT)["parent_header"]["msg_id"], msg_id)
                client.input("typed")
                self.assertEqual(finish(client, msg_id).value, "typed")
        finally:
            for client in clients:
                client.stop_channels()
        self.assert_alive()

    def test_the_kernel_listens_on_loopback_only(self):
        with open(self.km.connection_file) as file:
            self.assertEqual(json.load(file)["ip"], "127.0.0.1")
        self.assertEqual(stat.S_IMODE(os.stat(self.km.connection_file).st_mode), 0o600)
        with open("/proc/net/tcp") as file:
            listening = [line.split()[1] for line in file.readlines()[1:] if line.split()[3] == "0A"]
        for name in ("shell", "control", "stdin", "iopub", "hb"):
            port = f"{getattr(self.kc, name + '_port'):04X}"
            self.assertEqual([a.split(":")[0] for a in listening if a.endswith(":" + port)], ["0100007F"])

    def test_debugging_is_answered_as_unsupported(self):
        reply = control_request(self.kc, "debug_request", {"type": "request", "seq": 3, "command": "initialize", "arguments": {}})
        self.assertEqual((reply["success"], reply["request_seq"], reply["command"]), (False, 3, "initialize"))

    def test_history_spans_sessions(self):
        self.run_cell("var remembered = 1;")
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=TIMEOUT)
        self.run_cell("2 + 3")
        reply = shell_reply(self.kc, self.kc.history(hist_access_type="range", session=-1, start=1, stop=1000, output=False))["content"]
        self.assertIn("var remembered = 1;", [h[2] for h in reply["history"]])
        reply = shell_reply(self.kc, self.kc.history(hist_access_type="tail", n=1, output=True))["content"]
        self.assertEqual(reply["history"][0][2], ["2 + 3", "5"])


class Alone(OwnKernelCase):
    def setUp(self):
        super().setUp()
        self.cells = int(run_cell(self.kc, "Environment.ProcessId").value)
        self.assertNotEqual(self.cells, self.km.provisioner.pid)

    def test_a_restart_gives_an_empty_session_on_the_same_ports(self):
        run_cell(self.kc, "var gone = 1;")
        ports = self.kc.shell_port
        for _ in range(3):
            self.km.restart_kernel()
            self.kc.wait_for_ready(timeout=TIMEOUT)
            self.assertEqual(run_cell(self.kc, "gone").status, "error")
            self.assertEqual(run_cell(self.kc, "1 + 1").reply["execution_count"], 2)
        self.assertEqual(self.kc.shell_port, ports)

    def test_a_restart_while_a_cell_runs(self):
        self.kc.execute("while (true) { }")
        time.sleep(0.5)
        started = time.monotonic()
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=TIMEOUT)
        self.assertEqual(run_cell(self.kc, "6 * 7").value, "42")
        self.assertLess(time.monotonic() - started, 60)

    def test_a_shutdown_is_answered_and_ends_the_process(self):
        self.assertEqual(control_request(self.kc, "shutdown_request", {"restart": False}), {"status": "ok", "restart": False})
        self.assert_ends_in_order()

    def test_a_restart_is_answered_and_ends_the_process(self):
        self.assertEqual(control_request(self.kc, "shutdown_request", {"restart": True}), {"status": "ok", "restart": True})
        self.assert_ends_in_order()

    def test_a_shutdown_ends_a_kernel_whose_cell_cannot_be_stopped(self):
        self.start_endless()
        control_request(self.kc, "shutdown_request", {"restart": False})
        self.assert_ends_in_order()

    def start_endless(self):
        self.kc.execute("Enumerable.Repeat(1, int.MaxValue).Concat(Enumerable.Repeat(0, int.MaxValue)).LongCount()")
        time.sleep(0.7)

    def assert_ends_in_order(self):
        """Ended with exit code 0, and so has the process that ran the cells."""
        self.assertTrue(wait_until(lambda: self.km.provisioner.process.poll() is not None, 10))
        self.assertEqual(self.km.provisioner.process.returncode, 0)
        self.assertFalse(os.path.exists(f"/proc/{self.cells}"))

    def test_SIGTERM_ends_the_kernel_in_order(self):
        os.kill(self.km.provisioner.pid, signal.SIGTERM)
        self.assert_ends_in_order()

    def test_SIGTERM_ends_a_kernel_whose_cell_runs(self):
        self.kc.execute("while (true) { }")
        time.sleep(0.7)
        os.kill(self.km.provisioner.pid, signal.SIGTERM)
        self.assert_ends_in_order()

    def test_SIGTERM_ends_a_kernel_whose_cell_cannot_be_stopped(self):
        self.start_endless()
        os.kill(self.km.provisioner.pid, signal.SIGTERM)
        self.assert_ends_in_order()

    def test_SIGTERM_to_the_process_that_runs_the_cells_ends_both(self):
        os.kill(self.cells, signal.SIGTERM)
        self.assert_ends_in_order()

    def test_a_shutdown_ends_a_kernel_also_where_the_process_s_own_end_hangs(self):
        run_cell(self.kc, "AppDomain.CurrentDomain.ProcessExit += (_, _) => Thread.Sleep(Timeout.Infinite);")
        control_request(self.kc, "shutdown_request", {"restart": False})
        self.assert_ends_in_order()

    def test_a_terminal_that_closes_ends_the_kernel_in_order(self):
        # What runs under nohup has told its children not to listen.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        try:
            self.km.restart_kernel()
        finally:
            signal.signal(signal.SIGHUP, before)
        self.kc.wait_for_ready(timeout=TIMEOUT)
        self.cells = int(run_cell(self.kc, "Environment.ProcessId").value)
        self.km.signal_kernel(signal.SIGHUP)
        self.assert_ends_in_order()

    def test_a_shutdown_while_a_cell_runs_is_an_end_in_order(self):
        self.kc.execute("while (true) { }")
        time.sleep(0.7)
        control_request(self.kc, "shutdown_request", {"restart": False})
        self.assert_ends_in_order()


class Parent(unittest.TestCase):
    def test_the_kernel_ends_with_the_process_that_started_it(self):
        code = """
import os
from jupyter_client.manager import start_new_kernel
km, kc = start_new_kernel(kernel_name='xt-csharp')
print(km.provisioner.pid, flush=True)
os._exit(0)
"""
        started = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60, capture_output=True, text=True)
        pid = int(started.stdout)
        self.assertTrue(wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 15))


if __name__ == "__main__":
    unittest.main()
