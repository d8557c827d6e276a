"""Lines that cells ask of the reader."""

import time
import unittest

from kernel import KernelCase, TIMEOUT, finish


class Stdin(KernelCase):
    def ask(self, code, answer):
        msg_id = self.kc.execute(code, allow_stdin=True)
        request = self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(request["msg_type"], "input_request")
        self.assertEqual(request["parent_header"]["msg_id"], msg_id)
        self.kc.input(answer)
        return request["content"], finish(self.kc, msg_id)

    def test_ReadLine_asks_the_front_end(self):
        asked, ended = self.ask('Console.Write("Name: ");\nvar name = Console.ReadLine();\nname + "!"', "Ada")
        self.assertEqual(asked, {"prompt": "", "password": False})
        self.assertEqual((ended.text(), ended.value), ("Name: ", "Ada!"))

    def test_a_prompt_is_shown(self):
        asked, ended = self.ask('input("How many? ")', "7")
        self.assertEqual(asked, {"prompt": "How many? ", "password": False})
        self.assertEqual(ended.value, "7")

    def test_a_password_is_asked_without_echo(self):
        asked, ended = self.ask('password("Secret: ").Length', "hunter2")
        self.assertEqual(asked, {"prompt": "Secret: ", "password": True})
        self.assertEqual(ended.value, "7")

    def test_a_client_without_input_gets_an_error_at_once(self):
        ended = self.run_cell("Console.ReadLine()", allow_stdin=False)
        self.assertEqual(ended.status, "error")
        self.assert_alive()

    def test_an_interrupt_ends_the_question(self):
        msg_id = self.kc.execute("Console.ReadLine()", allow_stdin=True)
        self.kc.get_stdin_msg(timeout=TIMEOUT)
        time.sleep(0.1)
        self.km.interrupt_kernel()
        self.assertEqual(finish(self.kc, msg_id).status, "error")
        _, ended = self.ask("Console.ReadLine()", "again")
        self.assertEqual(ended.value, "again")


if __name__ == "__main__":
    unittest.main()
