"""Looks at a page as a browser has built it (its DOM on standard input): how many ports are shown, and that nothing got in.

    page.py SHOWN TOTAL
"""

import html.parser
import sys


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows = self.shown = self.scripts = 0
        self.inside = None
        self.status = self.title = ""
        self.controls = False
        self.body = False

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        assert tag not in ("img", "iframe", "link", "object", "base"), tag
        assert not any(name.startswith("on") for name in names), names
        self.scripts += tag == "script"
        self.body |= tag == "tbody"
        if tag == "tr" and self.body:
            self.rows += 1
            self.shown += "hidden" not in names
        self.controls |= names.get("class") == "controls" and "hidden" not in names
        self.inside = names.get("id", tag)

    def handle_data(self, text):
        if self.inside == "shown":
            self.status += text
        if self.inside == "title":
            self.title += text

    def handle_endtag(self, tag):
        self.inside = None


def main():
    shown, total = map(int, sys.argv[1:])
    page = Page()
    page.feed(sys.stdin.read())
    assert page.controls, "the script of the page has not run"
    assert page.scripts == 1, f"{page.scripts} scripts"
    assert page.title == "portprint report", page.title
    assert (page.shown, page.rows) == (shown, total), f"{page.shown} of {page.rows} rows are shown"
    expected = f"{total} ports" if shown == total else f"{shown} of {total} ports"
    assert page.status.strip() == expected, page.status
    print(f"{page.status.strip()} are shown")


main()
