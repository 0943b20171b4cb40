"use strict";
(() => {
  const data = JSON.parse(document.getElementById("kernel").textContent);
  const button = document.getElementById("recheck-start");
  const verdict = document.getElementById("recheck-verdict");
  const lines = document.getElementById("recheck-lines");
  const meaning = document.getElementById("recheck-meaning");
  document.getElementById("recheck-asked").textContent = data.asked.map((a) => a.text).join("\n");

  const say = (tone, text, answer) => {
    verdict.className = tone;
    verdict.textContent = text;
    lines.textContent = answer;
    lines.hidden = answer === "";
  };

  // accepted only if the last line says so and the others are those expected, no more and no less
  const accepted = (answer) => {
    const found = answer.split("\n");
    const last = found.pop();
    const complete = JSON.stringify(found.sort()) === JSON.stringify([...data.expected].sort());
    return last === "accepted" && complete;
  };

  let started = 0;
  const conclude = (answer, question) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (accepted(answer)) {
      say("good", `\u2713 Accepted, in ${seconds} s`, answer);
      meaning.textContent = `Proved: ${question.proved}. Not proved by that: ${question.taken}.`;
    } else if (answer.endsWith(data.exhausted)) say("open", "No answer in this browser", answer);
    else say("bad", "\u2717 Not accepted", answer);
    button.disabled = false;
  };

  // In a thread of its own, so that the page stays usable, but with half of the page's stack.
  const apart = (text, then) => {
    const job = "\nself.onmessage = (asked) => self.postMessage(certifyKernel(asked.data));\n";
    const url = URL.createObjectURL(new Blob([data.program + job], { type: "text/javascript" }));
    const worker = new Worker(url);
    const end = (answer) => {
      worker.terminate();
      URL.revokeObjectURL(url);
      then(answer);
    };
    worker.onmessage = (event) => end(event.data);
    worker.onerror = (event) => end(`the kernel ended with an error: ${event.message}`);
    worker.postMessage(text);
  };
  const here = (text) => {
    const program = document.createElement("script");
    program.textContent = data.program;
    document.body.append(program);
    try {
      return certifyKernel(text);
    } catch (error) {
      return `the kernel ended with an error: ${error.message}`;
    }
  };

  const ask = (number) => {
    const question = data.asked[number];
    const next = (answer) => {
      if (accepted(answer) || number + 1 === data.asked.length) conclude(answer, question);
      else ask(number + 1);
    };
    say("", "Checking every leaf \u2026", "");
    apart(question.text, (answer) => {
      if (!answer.endsWith(data.exhausted)) return next(answer);
      say("", "Checking every leaf, without a thread of its own: please wait \u2026", "");
      setTimeout(() => next(here(question.text)), 100);
    });
  };

  button.addEventListener("click", () => {
    button.disabled = true;
    meaning.textContent = "";
    started = performance.now();
    ask(0);
  });
  button.hidden = false;
})();
