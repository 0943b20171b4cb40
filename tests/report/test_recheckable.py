"""Reports that re-check themselves: what their script calls accepted, in node for a browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from certify import page_kernel
from certify.certificate import load
from certify.cli import app
from certify.errors import InputError
from certify.io.kernel_text import VERSION
from certify.report.html import render_html
from certify.report.model import outcome_of, report_model
from certify.report.rechecking import Asked, Rechecking

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "case_studies" / "pendulum_onnx" / "certificate.json"
BUILT = ROOT / "proofs" / "coq" / "build" / "certify-kernel.js"
node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
built = pytest.mark.skipif(not BUILT.exists(), reason="`make kernel` builds the kernel for pages")
needs_figures = pytest.mark.usefixtures("_figures")

# What the script uses of a browser.  A program runs in a context of its own, as in a worker, or in
# that of the page.
_BROWSER = """
const vm = require("vm"), fs = require("fs");
const [data, script] = JSON.parse(fs.readFileSync(0, "utf8"));
const element = (textContent) => ({ textContent, addEventListener(_, f) { this.click = f; } });
const elements = { kernel: element(data) };
const page = vm.createContext({
  performance, setTimeout: (f) => f(), URL: { createObjectURL: (b) => b, revokeObjectURL() {} },
  Blob: class { constructor(parts) { this.text = parts.join(""); } },
  Worker: class {
    constructor(blob) {
      const self = { postMessage: (data) => this.onmessage({ data }) };
      this.self = self;
      vm.runInContext(blob.text, vm.createContext({ self, apart: true, TextDecoder, TextEncoder }));
    }
    postMessage(data) {
      try { this.self.onmessage({ data }); } catch (error) { this.onerror(error); }
    }
    terminate() {}
  },
  document: {
    getElementById: (id) => (elements[id] ??= element("")),
    createElement: () => ({}),
    body: { append: (s) => vm.runInContext(s.textContent, page) },
  },
});
vm.runInContext(script, page);
elements["recheck-start"].click();
console.log(JSON.stringify(["recheck-verdict", "recheck-lines"].map((x) => elements[x])));
"""


@pytest.fixture
def _figures() -> None:
    pytest.importorskip("matplotlib")


def page(rechecking: Rechecking) -> str:
    return render_html(report_model(outcome_of(load(STUDY))), (), rechecking)


def pressed(html: str) -> tuple[str, str]:
    """The class of the verdict and the lines that the page shows when its button was pressed."""
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    done = subprocess.run(
        ["node", "--stack-size=7000", "-e", _BROWSER],
        input=json.dumps([data, script]),
        capture_output=True,
        text=True,
        check=True,
    )
    verdict, lines = json.loads(done.stdout)
    return verdict["className"], lines["textContent"]


def answering(program: str) -> Rechecking:
    asked = [Asked("the </script> text", "p", "t"), Asked("less", "p", "t")]
    return Rechecking(program, asked, ["proved b 2 leaves", "proved a 1 leaves"])


def saying(*lines: str) -> str:
    return f"globalThis.certifyKernel = () => {json.dumps(chr(10).join(lines))};"


BOTH = ("proved a 1 leaves", "proved b 2 leaves")


@node
@needs_figures
@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        (saying(*BOTH, "accepted"), "good"),
        (saying(*reversed(BOTH), "accepted"), "good"),
        (saying("accepted"), "bad"),
        (saying(BOTH[0], "accepted"), "bad"),
        (saying(*BOTH, BOTH[0], "accepted"), "bad"),
        (saying(BOTH[0], "proved b 1 leaves", "accepted"), "bad"),
        (saying(*BOTH, "not accepted"), "bad"),
        (saying(*BOTH), "bad"),
        (saying(""), "bad"),
        (saying("certify-kernel: not enough memory"), "open"),
        ("globalThis.certifyKernel = () => { throw new Error('x'); };", "bad"),
        ("globalThis.certifyKernel = (text) => text;", "bad"),
    ],
)
def test_only_the_whole_answer_is_called_accepted(program: str, verdict: str) -> None:
    assert pressed(page(answering(program)))[0] == verdict


@node
@needs_figures
def test_what_is_too_deep_for_a_thread_is_tried_in_the_page() -> None:
    full, short = saying(*BOTH, "accepted"), saying("certify-kernel: not enough memory")
    program = f"if (globalThis.apart) {{ {short} }} else {{ {full} }}"
    assert pressed(page(answering(program)))[0] == "good"


@node
@needs_figures
def test_what_is_not_accepted_is_asked_for_less() -> None:
    full, short = saying(*BOTH, "accepted"), saying("not accepted")
    program = f"const [f, s] = [() => {{{full}}}, () => {{{short}}}];"
    program += "const a = (f) => (f(), globalThis.certifyKernel()); const both = [a(f), a(s)];"
    program += "globalThis.certifyKernel = (text) => both[text === 'less' ? 0 : 1];"
    assert pressed(page(answering(program)))[0] == "good"


@needs_figures
def test_nothing_in_the_data_ends_the_script() -> None:
    html = page(answering("'</script><script>alert(1)</script>'"))
    assert html.count("<script") == html.count("</script>") == 2
    data = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)[0]
    assert json.loads(data)["asked"][0]["text"] == "the </script> text"


@node
@built
@needs_figures
def test_a_report_of_the_command_line_re_checks_itself(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(STUDY), "-o", str(tmp_path), "--recheckable"])
    assert done.exit_code == 0, done.output
    html = (tmp_path / "report.html").read_text()
    verdict, lines = pressed(html)
    assert (verdict, lines.splitlines()[-1]) == ("good", "accepted")
    damaged = re.sub(r"tree 1 4\d", "tree 1 00", html)
    assert damaged != html
    assert pressed(damaged)[0] == "bad"


def test_without_a_kernel_for_pages_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "kernel.js"
    monkeypatch.setenv("CERTIFY_KERNEL_JS", str(program))
    with pytest.raises(InputError, match=r"make kernel.*without --recheckable"):
        page_kernel.page_kernel(load(STUDY))
    program.write_text(VERSION.replace("-", "_"))
    with pytest.raises(InputError, match="build it again"):
        page_kernel.page_kernel(load(STUDY))
    program.write_text(VERSION)
    found = page_kernel.page_kernel(load(STUDY))
    assert "proved descent 247 leaves" in found.expected


@needs_figures
def test_other_reports_have_no_script() -> None:
    assert "<script" not in render_html(report_model(outcome_of(load(STUDY))))


@pytest.mark.parametrize("study", ["pendulum_onnx", "path_tracking"])
def test_the_kernel_from_coq_is_named_where_it_checks_all_of_a_proof(study: str) -> None:
    certificate = load(ROOT / "case_studies" / study / "certificate.json")
    commands = dict(report_model(outcome_of(certificate)).commands)
    assert any("--kernel verified" in command for command in commands)
