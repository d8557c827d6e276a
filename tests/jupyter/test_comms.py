"""Comms in both directions."""

import time
import unittest

from kernel import KernelCase, TIMEOUT, shell_reply


class Comms(KernelCase):
    def send(self, kind, content, buffers=None):
        message = self.kc.session.msg(kind, content)
        self.kc.session.send(self.kc.shell_channel.socket, message, buffers=buffers)
        return message["header"]["msg_id"]

    def next(self, kind):
        until = time.monotonic() + TIMEOUT
        while True:
            message = self.kc.get_iopub_msg(timeout=max(0.01, until - time.monotonic()))
            if message["msg_type"] == kind:
                return message

    def test_the_front_end_opens_a_comm_that_a_cell_accepts(self):
        self.assertEqual(
            self.run_cell(
                'Notebook.Comms!.Accept("echo", (comm, opened) => { comm.Received += (_, data) => comm.Send(data.Json, data.Buffers); comm.Send(opened.Json); });'
            ).status,
            "ok",
        )
        opened = self.send("comm_open", {"comm_id": "c1", "target_name": "echo", "data": {"n": 1}})
        first = self.next("comm_msg")
        self.assertEqual((first["content"]["data"], first["parent_header"]["msg_id"]), ({"n": 1}, opened))
        self.send("comm_msg", {"comm_id": "c1", "data": {"n": 2, "é": "\U0001d41a"}}, buffers=[b"\x00\x01\xff"])
        second = self.next("comm_msg")
        self.assertEqual(second["content"]["data"], {"n": 2, "é": "\U0001d41a"})
        self.assertEqual([bytes(b) for b in second["buffers"]], [b"\x00\x01\xff"])
        info = shell_reply(self.kc, self.send("comm_info_request", {}))["content"]
        self.assertEqual(info["comms"]["c1"], {"target_name": "echo"})
        self.send("comm_close", {"comm_id": "c1", "data": {}})
        info = shell_reply(self.kc, self.send("comm_info_request", {"target_name": "echo"}))["content"]
        self.assertEqual(info["comms"], {})

    def test_a_cell_opens_a_comm(self):
        self.run_cell('var comm = Notebook.Comms!.Open("widget", "{\\"x\\": 1}"); string last = ""; comm.Received += (_, data) => last = data.Json;')
        # run_cell has taken the comm_open; the id is asked of the cell.
        comm_id = self.run_cell("comm.Id").value
        self.send("comm_msg", {"comm_id": comm_id, "data": {"pressed": True}})
        self.assertIn("pressed", self.run_cell("last").value)
        self.assertIn("comm_close", self.run_cell("comm.Close();").kinds)
        self.assertEqual(self.run_cell('comm.Send("{}");').status, "error")

    def test_a_target_that_nobody_accepts_is_closed(self):
        self.send("comm_open", {"comm_id": "c9", "target_name": "nobody", "data": {}})
        self.assertEqual(self.next("comm_close")["content"]["comm_id"], "c9")

    def test_a_handler_that_throws_is_told_and_harms_nothing(self):
        self.run_cell('Notebook.Comms!.Accept("bad", (comm, opened) => throw new Exception("oh no"));')
        self.send("comm_open", {"comm_id": "c2", "target_name": "bad", "data": {}})
        self.assertIn("oh no", self.next("stream")["content"]["text"])
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
