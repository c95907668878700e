#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes HTML of Documentation/*.rst with docutils, and fails on any warning.

Beyond docutils it knows what these pages use of Sphinx: toctree, the roles doc
and c:*, the c:* directives that kernel-doc writes, and kernel-doc itself.

usage: render.py FOLDER        (from the top of the tree; KERNEL_DOC names the script)
"""

import os
import pathlib
import subprocess
import sys

from docutils import core, nodes, utils
from docutils.parsers.rst import Directive, directives, roles, states

SOURCE = pathlib.Path("Documentation")

STYLE = """
body { max-width: 50em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 sans-serif; color: #222 }
pre, code, tt, .docutils.literal { font-family: monospace; font-size: 92%; background: #f4f4f2 }
pre { padding: .7em 1em; overflow-x: auto }
table { border-collapse: collapse; margin: 1em 0 }
td, th { border: 1px solid #bbb; padding: .3em .6em; text-align: left; vertical-align: top }
td p, th p, dd p, li p { margin: 0 }
nav { margin-bottom: 2em }
"""


def title_of(page):
    """The first line of a page that is no directive, comment or decoration."""
    for line in (SOURCE / page).with_suffix(".rst").read_text().splitlines():
        if line[:1].isalnum():
            return line
    raise ValueError(f"{page}: no title")


class Toctree(Directive):
    """A list of links to the pages named in its body."""

    has_content = True
    option_spec = {"maxdepth": directives.nonnegative_int}

    def run(self):
        items = nodes.bullet_list()
        for page in filter(None, self.content):
            link = nodes.reference("", title_of(page), refuri=f"{page}.html")
            items += nodes.list_item("", nodes.paragraph("", "", link))
        return [items]


class KernelDoc(Directive):
    """What kernel-doc says of a file; :identifiers: picks some of it."""

    required_arguments = 1
    option_spec = {"identifiers": directives.unchanged, "doc": directives.unchanged}

    def run(self):
        source = self.arguments[0]
        command = ["perl", os.environ["KERNEL_DOC"], "-rst", "-sphinx-version", "3.1.0"]
        names = self.options.get("identifiers", "").split()
        if "doc" in self.options:
            names = [self.options["doc"]]
        elif not names:
            command.append("-no-doc-sections")
        for name in names:
            command += ["-function", name]
        text = subprocess.run(command + [source], check=True, capture_output=True, text=True).stdout
        lines = [line for line in text.splitlines() if not line.startswith(".. _")]
        if not any(lines):
            raise self.error(f"kernel-doc finds nothing in {source}")
        self.state_machine.insert_input(lines, source)
        return []


class CObject(Directive):
    """c:function and its kin: a signature in code, then its description."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        kind = self.name.split(":")[1]
        words = self.arguments[0]
        if kind in ("struct", "union", "enum"):
            words = f"{kind} {words}"
        title = nodes.paragraph("", "", nodes.strong("", "", nodes.literal("", words)))
        title["ids"].append(nodes.make_id(words.split("(")[0].split()[-1]))
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        return [title, body]


def c_role(_name, rawtext, text, _lineno, _inliner, options=None, content=None):
    words = text.split(" <")[0].lstrip("~")
    return [nodes.literal(rawtext, words)], []


def doc_role(_name, rawtext, text, lineno, inliner, options=None, content=None):
    words, _, page = text.rpartition(" <")
    page = page.rstrip(">")
    if not (SOURCE / page).with_suffix(".rst").is_file():
        message = inliner.reporter.error(f"no page {page}", line=lineno)
        return [inliner.problematic(rawtext, rawtext, message)], [message]
    return [nodes.reference(rawtext, words or title_of(page), refuri=f"{page}.html")], []


def register():
    directives.register_directive("toctree", Toctree)
    directives.register_directive("kernel-doc", KernelDoc)
    for kind in ("function", "struct", "union", "enum", "macro", "type"):
        directives.register_directive(f"c:{kind}", CObject)
        roles.register_local_role(f"c:{kind}", c_role)
    roles.register_local_role("c:func", c_role)
    roles.register_local_role("doc", doc_role)


def render(source, target):
    depth = len(target.relative_to(OUT).parts) - 1
    settings = {
        "halt_level": utils.Reporter.WARNING_LEVEL,
        "report_level": utils.Reporter.WARNING_LEVEL,
        "traceback": True,
        "embed_stylesheet": False,
        "stylesheet_path": "",
        "initial_header_level": 2,
        "input_encoding": "utf-8",
        "file_insertion_enabled": True,
        "syntax_highlight": "none",
    }
    # links of a page below another folder are relative to the top of the pages
    text = core.publish_string(source.read_text(), str(source), writer_name="html5",
                               settings_overrides=settings).decode()
    home = "../" * depth + "index.html"
    text = text.replace("</head>", f"<style>{STYLE}</style>\n</head>", 1)
    text = text.replace("<body>", f'<body>\n<nav><a href="{home}">pinbuf</a></nav>', 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


OUT = None


def main():
    global OUT
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    OUT = pathlib.Path(sys.argv[1])
    register()
    pages = sorted(SOURCE.glob("*.rst")) + sorted(SOURCE.glob("design/*.rst"))
    for page in pages:
        try:
            render(page, OUT / page.relative_to(SOURCE).with_suffix(".html"))
        except utils.SystemMessage as problem:
            sys.exit(f"{page}: {problem}")
    print(f"{len(pages)} pages in {OUT}")


if __name__ == "__main__":
    main()
