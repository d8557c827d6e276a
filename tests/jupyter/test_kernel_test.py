"""All tests of jupyter_kernel_test; a sample for each, so that none is skipped."""

import jupyter_kernel_test


class CSharp(jupyter_kernel_test.KernelTests):
    kernel_name = "xt-csharp"
    language_name = "C#"
    file_extension = ".cs"
    code_hello_world = 'Console.WriteLine("hello, world");'
    code_stderr = 'Console.Error.WriteLine("oops");'
    completion_samples = [
        {"text": "Console.WriteLi", "matches": {"WriteLine"}},
        {"text": '"abc".ToUpperI', "matches": {"ToUpperInvariant"}},
        {"text": "#!lsm", "matches": {"#!lsmagic"}},
    ]
    complete_code_samples = ["1 + 1", "var x = 3;", "foreach (var i in new[] { 1 }) { }", "#!lsmagic", "Console?"]
    incomplete_code_samples = ["foreach (var i in new[] { 1 }) {", "int Twice(int x)\n{", "Console.WriteLine("]
    invalid_code_samples = ["int = 3;", "int x = ;"]
    code_page_something = "Console.WriteLine?"
    code_generate_error = 'throw new InvalidOperationException("no");'
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "\"a\" + 1", "result": "a1"},
        {"code": "new[] { 1, 2 }.Sum()", "result": "3"},
    ]
    code_display_data = [
        {"code": 'display("<b>x</b>", "text/html");', "mime": "text/html"},
        {"code": "display(new { A = 1 });", "mime": "text/plain"},
    ]
    code_history_pattern = "1 ? 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Console"
    code_clear_output = "clear_output();"


del jupyter_kernel_test.KernelTests
