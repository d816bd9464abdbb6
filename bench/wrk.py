"""wrk (https://github.com/wg/wrk): load on a web server, and what it took."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
local asked, place = {}, 0
for line in io.lines("@PATHS@") do asked[#asked + 1] = line end
local secret, body = "@SECRET@", "@METHOD@" == "POST"
request = function()
  place = place % #asked + 1
  local headers = { ["Authorization"] = "Bearer " .. secret }
  if body then
    headers["Content-Type"] = "application/json"
    return wrk.format("POST", "@ADDRESS@", headers, asked[place])
  end
  return wrk.format("GET", asked[place], headers)
end
done = function(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, broken))
end
"""


@dataclass(frozen=True)
class Load:
    per_second: float
    p50_ms: float
    p99_ms: float
    n_requests: int
    n_failed: int  # answers that are not 2xx or 3xx, and connections that broke


def is_there() -> bool:
    return shutil.which("wrk") is not None


def load(
    port: int, asked: Sequence[str], secret: str, folder: Path, *, connections: int, seconds: int, post_to: str = ""
) -> Load:
    """Ask for the addresses in turn; with `post_to`, post the bodies `asked` there."""
    paths, script = folder / "asked.txt", folder / "load.lua"
    paths.write_text("\n".join(asked), encoding="utf-8")
    filled = _SCRIPT.replace("@PATHS@", str(paths)).replace("@SECRET@", secret).replace("@ADDRESS@", post_to)
    script.write_text(filled.replace("@METHOD@", "POST" if post_to else "GET"), encoding="utf-8")
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(script)]
    answer = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    told = json.loads(answer.stdout.strip().splitlines()[-1])
    failed = told["refused"] + told["broken"]
    return Load(told["requests"] / told["seconds"], told["p50"], told["p99"], told["requests"], failed)
