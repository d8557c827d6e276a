"""What cells publish."""

import time
import unittest

from kernel import KernelCase, TIMEOUT


class Output(KernelCase):
    def test_a_huge_error_and_a_huge_expression_are_cut(self):
        ended = self.run_cell("throw new Exception(new string('x', 3_000_000));")
        self.assertEqual(ended.status, "error")
        for error in (ended.reply, ended.of("error")[0]):
            self.assertLess(len(error["evalue"]) + sum(map(len, error["traceback"])), 100_000)
        self.assertIn("[Error cut. It is in ", ended.reply["traceback"][-1])
        ended = self.run_cell("1", user_expressions={"e": "new string('x', 30_000_000)"})
        self.assertLess(len(str(ended.reply["user_expressions"])), 100_000)
        self.assert_alive()

    def test_streams_and_displays_keep_their_order(self):
        ended = self.run_cell(
            'Console.Write("a"); Console.Error.Write("b"); display(1); Console.Write("c"); Console.Write("d"); display(2); Console.Error.Write("e");'
        )
        order = []
        for message in ended.messages:
            content = message["content"]
            if message["msg_type"] == "stream":
                order.append(content["text"])
            elif message["msg_type"] == "display_data":
                order.append(content["data"]["text/plain"])
        self.assertEqual(order, ["a", "b", "1", "cd", "2", "e"])

    def test_text_comes_while_the_cell_runs(self):
        msg_id = self.start_cell('Console.Write("early"); await Task.Delay(2000); Console.Write("late");')
        started = time.monotonic()
        self.assertEqual(self.wait_for("stream", msg_id)["content"]["text"], "early")
        self.assertLess(time.monotonic() - started, 1.5)
        self.assertEqual(self.wait_for("stream", msg_id)["content"]["text"], "late")

    def test_threads_write_without_loss(self):
        ended = self.run_cell('Parallel.For(0, 8, t => { for (var i = 0; i < 200; i++) Console.WriteLine($"{t} {i}"); });')
        lines = [tuple(map(int, line.split())) for line in ended.text().splitlines()]
        self.assertEqual(len(lines), 1600)
        for thread in range(8):
            self.assertEqual([i for t, i in lines if t == thread], list(range(200)))

    def test_what_is_written_without_the_context_of_a_cell_goes_to_the_last_one(self):
        code = 'var lost = new Thread(() => Console.WriteLine("found")); lost.UnsafeStart(); lost.Join();'
        self.assertEqual(self.run_cell(code).text(), "found\n")

    def test_a_display_is_updated_in_the_cell_and_after_it(self):
        ended = self.run_cell('var shown = display("one"); shown.Update("two");')
        first = ended.of("display_data")[0]
        update = ended.of("update_display_data")[0]
        self.assertEqual(update["data"]["text/plain"], "two")
        self.assertEqual(update["transient"]["display_id"], first["transient"]["display_id"])
        later = self.run_cell('shown.Update("three");').of("update_display_data")[0]
        self.assertEqual((later["data"]["text/plain"], later["transient"]), ("three", first["transient"]))

    def test_a_background_task_updates_after_the_cell(self):
        ended = self.run_cell('var d = display("start"); _ = Task.Run(async () => { await Task.Delay(500); d.Update("end"); Console.Write("late"); });')
        msg_id = ended.messages[0]["parent_header"]["msg_id"]
        self.assertEqual(self.wait_for("update_display_data", msg_id)["content"]["data"]["text/plain"], "end")
        self.assertEqual(self.wait_for("stream", msg_id)["content"]["text"], "late")

    def test_clear_output_waits_if_asked(self):
        self.assertEqual([c["wait"] for c in self.run_cell("clear_output(); clear_output(wait: true);").of("clear_output")], [False, True])

    def test_an_error_has_the_cell_and_the_line_and_no_kernel_frames(self):
        ended = self.run_cell('int Broken(int x) => throw new InvalidOperationException("no " + x);\nBroken(5)')
        error = ended.of("error")[0]
        self.assertIn("no 5", error["evalue"])
        text = "\n".join(error["traceback"])
        self.assertIn("InvalidOperationException", error["ename"])
        self.assertIn("line 2", text)
        self.assertNotIn("XtNotebooks.Kernel", text)
        self.assertEqual((ended.status, ended.reply["ename"]), ("error", error["ename"]))

    def test_a_compile_error_shows_the_line_with_a_caret(self):
        ended = self.run_cell("var a = 1;\nint b = nothing;")
        text = "\n".join(ended.of("error")[0]["traceback"])
        self.assertIn("CS0103", text)
        self.assertIn("int b = nothing;", text)
        self.assertIn("^", text)

    def test_ten_megabytes_arrive_whole(self):
        ended = self.run_cell('var line = new string(\'x\', 99) + "\\n"; for (var i = 0; i < 100_000; i++) Console.Write(line);')
        self.assertEqual(len(ended.text()), 10_000_000)

    def test_enormous_output_is_cut_with_a_note_where_the_rest_is(self):
        ended = self.run_cell("var big = new string('y', 1_000_000); for (var i = 0; i < 25; i++) Console.Write(big);")
        text = ended.text()
        self.assertLess(len(text), 21_000_000)
        self.assertIn("[Output cut after 20 million characters. The rest is in ", text)
        path = text.split("The rest is in ")[1].split(" while")[0]
        with open(path) as kept:
            self.assertEqual(len(kept.read()), 5_000_000)

    def test_half_a_surrogate_pair_does_no_harm(self):
        self.assertEqual(self.run_cell('Console.Write("a\\ud83d"); Console.Write("\\ude00b");').text(), "a\U0001f600b")
        self.assertEqual(self.run_cell('Console.Write("a\\ud83d!");').text(), "a\ufffd!")

    def test_silent_cells_leave_no_trace(self):
        before = self.run_cell("1").reply["execution_count"]
        ended = self.run_cell('Console.Write("x"); 5', silent=True)
        self.assertEqual((ended.kinds, ended.reply["execution_count"]), ([], before))
        ended = self.run_cell("5", store_history=False)
        self.assertEqual(ended.kinds, ["execute_input", "execute_result"])
        self.assertEqual(self.run_cell("1").reply["execution_count"], before + 1)

    def test_user_expressions_are_evaluated(self):
        ended = self.run_cell("var n = 20;", user_expressions={"good": "n + 1", "bad": "nowhere"})
        expressions = ended.reply["user_expressions"]
        self.assertEqual(expressions["good"]["data"]["text/plain"], "21")
        self.assertEqual(expressions["bad"]["status"], "error")

    def test_what_a_user_expression_prints_is_shown(self):
        prints = 'new Func<int>(() => { Console.Write("aside"); return 7; })()'
        for code in ("", "var n = 20;"):
            ended = self.run_cell(code, user_expressions={"e": prints})
            self.assertEqual((ended.text(), ended.reply["user_expressions"]["e"]["data"]["text/plain"]), ("aside", "7"))
        self.assertEqual(self.run_cell("", silent=True, user_expressions={"e": prints}).kinds, [])

    def test_an_error_aborts_what_waits(self):
        failing = self.kc.execute('await Task.Delay(300); throw new Exception("stop");')
        waiting = [self.kc.execute(f"var never{i} = 1;") for i in range(3)]
        replies = {}
        while len(replies) < 4:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            replies[reply["parent_header"]["msg_id"]] = reply["content"]
        self.assertEqual(replies[failing]["ename"].split(".")[-1], "Exception")
        self.assertEqual({replies[w]["ename"] for w in waiting}, {"Aborted"})
        self.assertEqual(self.run_cell("never0").status, "error")

    def test_a_hundred_cells_in_flight(self):
        ids = [self.kc.execute(f"{i} * 2") for i in range(100)]
        values = {}
        while len(values) < 100:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "execute_result":
                values[message["parent_header"]["msg_id"]] = message["content"]["data"]["text/plain"]
        self.assertEqual([values[i] for i in ids], [str(2 * i) for i in range(100)])
        for msg_id in ids:
            self.assertEqual(self.kc.get_shell_msg(timeout=TIMEOUT)["parent_header"]["msg_id"], msg_id)

    def test_positions_count_code_points(self):
        code = 'var s = "\U0001d41a\U0001d41a"; s.Leng'
        msg_id = self.kc.complete(code, len(code))
        reply = self.kc.get_shell_msg(timeout=TIMEOUT)["content"]
        self.assertIn("Length", reply["matches"])
        self.assertEqual(code[reply["cursor_start"] : reply["cursor_end"]], "Leng")


if __name__ == "__main__":
    unittest.main()
