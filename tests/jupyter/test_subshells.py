"""Subshells, which this client does not know: its messages are made by hand."""

import time
import unittest

from kernel import KernelCase, TIMEOUT, control_request, finish, shell_reply


class Subshells(KernelCase):
    def send(self, kind, content, subshell):
        message = self.kc.session.msg(kind, content)
        message["header"]["subshell_id"] = subshell
        self.kc.session.send(self.kc.shell_channel.socket, message)
        return message["header"]["msg_id"]

    def request(self, kind, content, subshell):
        return shell_reply(self.kc, self.send(kind, content, subshell))["content"]

    def execute(self, code, subshell):
        return finish(self.kc, self.send("execute_request", {"code": code, "silent": False, "allow_stdin": False}, subshell))

    def create(self):
        reply = control_request(self.kc, "create_subshell_request")
        self.assertEqual(reply["status"], "ok")
        return reply["subshell_id"]

    def delete(self, subshell):
        return control_request(self.kc, "delete_subshell_request", {"subshell_id": subshell})

    def test_the_feature_is_announced(self):
        info = control_request(self.kc, "kernel_info_request")
        self.assertIn("kernel subshells", info["supported_features"])
        self.assertEqual(info["protocol_version"], "5.5")

    def test_another_shell_completes_inspects_and_runs_while_a_cell_trains(self):
        self.run_cell("var steps = 0; var losses = new List<double>();")
        training = self.start_cell("while (true) { steps++; losses.Add(1.0 / steps); await Task.Delay(5); }")
        subshell = self.create()
        self.assertIn(subshell, control_request(self.kc, "list_subshell_request")["subshell_id"])
        matches = self.request("complete_request", {"code": "losses.Ad", "cursor_pos": 9}, subshell)["matches"]
        self.assertIn("Add", matches)
        self.assertTrue(self.request("inspect_request", {"code": "losses", "cursor_pos": 3, "detail_level": 0}, subshell)["found"])
        first = int(self.execute("steps", subshell).value)
        time.sleep(0.2)
        second = int(self.execute("Console.Write(losses.Count > 0); steps", subshell).value)
        self.assertGreater(second, first)
        self.km.interrupt_kernel()
        self.assertEqual(finish(self.kc, training).reply["ename"], "Interrupted")
        self.assertGreaterEqual(int(self.run_cell("steps").value), second)
        self.assertEqual(self.delete(subshell)["status"], "ok")

    def test_an_error_in_a_subshell_leaves_the_main_shell_alone(self):
        subshell = self.create()
        self.assertEqual(self.execute('throw new Exception("aside");', subshell).status, "error")
        self.assert_alive()
        self.delete(subshell)

    def test_several_subshells_run_at_once(self):
        names = [self.create() for _ in range(3)]
        ids = [self.send("execute_request", {"code": "await Task.Delay(1000);", "silent": False}, name) for name in names]
        started = time.monotonic()
        open_ids = set(ids)
        while open_ids:
            open_ids.discard(self.kc.get_shell_msg(timeout=TIMEOUT)["parent_header"]["msg_id"])
        self.assertLess(time.monotonic() - started, 2.8)
        for name in names:
            self.assertEqual(self.delete(name)["status"], "ok")
        self.assertEqual(control_request(self.kc, "list_subshell_request")["subshell_id"], [])

    def test_two_shells_that_ask_at_once_get_their_own_answers(self):
        names = [self.create() for _ in range(2)]
        code = "(char)Console.Read() + Console.ReadLine()"
        ids = [self.send("execute_request", {"code": code, "silent": False, "allow_stdin": True}, name) for name in names]
        for _ in ids:
            question = self.kc.get_stdin_msg(timeout=TIMEOUT)
            answer = f"answer {ids.index(question['parent_header']['msg_id'])}"
            self.kc.stdin_channel.send(self.kc.session.msg("input_reply", {"value": answer}, parent=question))
        values = {}
        while len(values) < len(ids):
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "execute_result":
                values[message["parent_header"]["msg_id"]] = message["content"]["data"]["text/plain"]
        self.assertEqual([values[msg_id] for msg_id in ids], ["answer 0", "answer 1"])
        for name in names:
            self.delete(name)

    def test_a_deleted_or_unknown_subshell_is_an_error(self):
        subshell = self.create()
        self.delete(subshell)
        self.assertEqual(self.request("execute_request", {"code": "1"}, subshell)["status"], "error")
        self.assertEqual(self.delete(subshell)["status"], "error")
        self.assertEqual(self.request("kernel_info_request", {}, "no-such")["status"], "error")

    def test_deleting_a_subshell_stops_its_cell(self):
        subshell = self.create()
        msg_id = self.send("execute_request", {"code": "while (true) { }", "silent": False}, subshell)
        self.wait_for("execute_input", msg_id)
        time.sleep(0.2)
        self.delete(subshell)
        self.assertEqual(finish(self.kc, msg_id).status, "error")


if __name__ == "__main__":
    unittest.main()
