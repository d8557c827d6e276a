"""The Python and XML that README and docs show: it compiles, it parses. And how .ci/run sees that a page under docs/pages is out of date."""

import glob
import os
import re
import sys
import unittest
import xml.dom.minidom

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.append(f"{ROOT}/.ci")
from same_views import views  # noqa: E402


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


class GuidedPages(unittest.TestCase):
    def test_another_run_shows_the_same_views_with_other_numbers(self):
        for page in glob.glob(f"{ROOT}/docs/pages/*.html"):
            with open(page, encoding="utf-8") as file, self.subTest(os.path.basename(page)):
                text = file.read()
                found = views(text)
                self.assertTrue(any(entry.startswith("view xt-") for entry in found))
                self.assertEqual(views(re.sub(r"(?<=>)([^<&]*?)(\d+)", r"\g<1>7\2", text)), found)

    def test_a_view_of_another_kind_a_header_more_and_a_view_less_are_seen(self):
        with open(f"{ROOT}/docs/pages/02-two-masks.html", encoding="utf-8") as file:
            text = file.read()
        for changed in (text.replace('class="xt xt-attmask', 'class="xt xt-attention-mask'), text.replace("<summary>Where they differ most", "<summary>Largest differences"),
                        text.replace("</th>", "</th><th>Device</th>", 1), text.replace('class="xt xt-logits', 'class="logits')):
            self.assertNotEqual(changed, text)
            self.assertNotEqual(views(changed), views(text))


if __name__ == "__main__":
    unittest.main()
