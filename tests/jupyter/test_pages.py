"""The Python and XML that README and docs show: it compiles, it parses."""

import glob
import os
import re
import unittest
import xml.dom.minidom

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def blocks(language):
    for page in [*glob.glob(f"{ROOT}/*.md"), *glob.glob(f"{ROOT}/docs/**/*.md", recursive=True), *glob.glob(f"{ROOT}/src/*/*.md")]:
        with open(page, encoding="utf-8") as file:
            for match in re.finditer(rf"^ *```{language}\n(.*?)^ *```", file.read(), re.DOTALL | re.MULTILINE):
                yield os.path.relpath(page, ROOT), match.group(1)


class Pages(unittest.TestCase):
    def test_python_compiles(self):
        found = list(blocks("python"))
        self.assertTrue(found)
        for page, code in found:
            with self.subTest(page):
                compile(code, page, "exec")

    def test_xml_parses(self):
        found = list(blocks("xml"))
        self.assertTrue(found)
        for page, text in found:
            with self.subTest(page):
                xml.dom.minidom.parseString(f"<all>{text}</all>")


if __name__ == "__main__":
    unittest.main()
