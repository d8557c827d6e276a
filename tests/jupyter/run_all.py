"""Runs the test modules here, or those that are named, and ends with the count."""

import sys
import time
import unittest


class Told(unittest.TextTestResult):
    """A result that tells each test on one line, with its time."""

    def startTest(self, test):
        self.started = time.monotonic()
        unittest.TestResult.startTest(self, test)

    def tell(self, test, word):
        name = f"{type(test).__name__}.{test.id().split('.')[-1]}" if hasattr(test, "_testMethodName") else str(test)
        self.stream.writeln(f"{word:6} {name} ({time.monotonic() - self.started:.1f} s)")
        self.stream.flush()

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.tell(test, "ok")

    def addError(self, test, err):
        unittest.TestResult.addError(self, test, err)
        self.started = getattr(self, "started", time.monotonic())
        self.tell(test, "ERROR")

    def addFailure(self, test, err):
        unittest.TestResult.addFailure(self, test, err)
        self.tell(test, "FAILED")

    def addSubTest(self, test, subtest, err):
        unittest.TestResult.addSubTest(self, test, subtest, err)
        if err is not None:
            self.tell(test, "FAILED")

    def addSkip(self, test, reason):
        unittest.TestResult.addSkip(self, test, reason)
        self.tell(test, "SKIP")


def main() -> int:
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(".", pattern="test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, resultclass=Told).run(suite)
    bad = {str(test).split(" ")[0] for test, _ in result.failures + result.errors + result.skipped}
    failed = max(len(bad), 0 if result.wasSuccessful() else 1)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
