#!/usr/bin/env python3
"""same_views.py FRESH.html COMMITTED.html: whether a page that was just made shows its views as the committed one does.

Numbers differ from run to run, so that two runs of a notebook are never the same page. What does not: which views there are, in which order, and
their texts (headers, captions, summaries of what can be opened, sentences, what pictures say of themselves), without numbers. Exit code 1 where these differ: docs/pages/refresh is due."""

import difflib
import html.parser
import re
import sys

FIXED = {"th", "caption", "summary", "legend", "p"}
# A number may be written with a unit that depends on its size.
NUMBER = r"[\d.,:+−-]+( ?[kMG](iB)?\b)?"


class Views(html.parser.HTMLParser):
    """Lists `view KIND` for each view's root, and the fixed texts in the order of the page."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.open = []  # fixed elements that have begun, each with its text so far

    def handle_starttag(self, tag, attributes):
        classes = (dict(attributes).get("class") or "").split()
        if classes[:1] == ["xt"]:
            self.found.append("view " + " ".join(classes[1:2]))
        said = dict(attributes).get("alt") if tag == "img" else dict(attributes).get("aria-label") if tag == "svg" else None
        if said:
            self.found.append(f"{tag}: " + plain(said))
        if tag in FIXED:
            self.open.append((tag, []))

    def handle_endtag(self, tag):
        if self.open and self.open[-1][0] == tag:
            _, texts = self.open.pop()
            self.found.append(f"{tag}: " + plain(" ".join(texts)))

    def handle_data(self, data):
        if self.open:
            self.open[-1][1].append(data)


def plain(text):
    return " ".join(re.sub(NUMBER, "#", text).split())


def views(text):
    reader = Views()
    reader.feed(text)
    reader.close()
    return reader.found


def main(fresh, committed):
    pages = []
    for path in (committed, fresh):
        with open(path, encoding="utf-8") as file:
            pages.append(views(file.read()))
    if not any(entry.startswith("view ") for entry in pages[1]):
        sys.exit(f"{fresh} shows no view at all")
    difference = list(difflib.unified_diff(*pages, committed, fresh, lineterm="", n=1))
    if difference:
        print("\n".join(difference))
        sys.exit(f"{committed} shows other views than its notebook does now: run docs/pages/refresh")


if __name__ == "__main__":
    main(*sys.argv[1:])
