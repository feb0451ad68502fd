"""Run the C scanner on broken and odd texts for five minutes, under libFuzzer with sanitizers: ``make fuzz``.

    python bench/fuzz/run.py [SECONDS]

Exit code 0: nothing was found. 1: something was found; the input is kept and named. 2: a tool is not installed. Inputs
that once failed are in ``corpus``; a test repeats them without the fuzzer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SCANNING = HERE.parents[1] / "quality" / "tables" / "scan"
SANITIZERS = "-fsanitize=fuzzer,address,undefined"
OPTIONS = ["-g", "-O1", SANITIZERS, "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]


def clang() -> str | None:
    """Return the path of the newest clang that is installed, or None."""
    names = ["clang", *(f"clang-{version}" for version in range(25, 10, -1))]
    return next((found for name in names if (found := shutil.which(name))), None)


def missing(folder: Path) -> list[str]:
    """Return what the build lacks, with how to install it."""
    compiler = clang()
    if compiler is None:
        return ["clang (Debian and Ubuntu: apt-get install clang)"]
    lacks = []
    (folder / "try.c").write_text(
        "int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n ? 0 : 0; }"
    )
    tried = subprocess.run([compiler, SANITIZERS, "try.c", "-o", "try"], cwd=folder, capture_output=True, check=False)
    if tried.returncode:
        lacks.append(
            "libFuzzer and the sanitizers of clang (Debian: apt-get install libclang-rt-14-dev, in the version of"
            f" {compiler})\n{tried.stderr.decode(errors='replace')}"
        )
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        lacks.append("Python.h (Debian: apt-get install python3-dev)")
    if not any(Path(sysconfig.get_config_var("LIBDIR"), name).exists() for name in library_files()):
        lacks.append(f"{library_files()[0]} (Debian: apt-get install libpython3-dev; pyenv: --enable-shared)")
    return lacks


def library_files() -> list[str]:
    return [name for name in (sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LDLIBRARY")) if name]


def build(folder: Path) -> Path:
    """Build the scanner and Python as one program that libFuzzer runs."""
    compiler, program = clang(), folder / "fuzz-scan"
    assert compiler
    libraries = sysconfig.get_config_var("LIBDIR")
    sources = [HERE / "scan.c", *(SCANNING / f"{name}.c" for name in ("records", "columns", "cells", "dates"))]
    subprocess.run(
        [compiler, *OPTIONS, f"-I{sysconfig.get_path('include')}", *map(str, sources), "-o", str(program),
         f"-L{libraries}", f"-Wl,-rpath,{libraries}", f"-lpython{sysconfig.get_config_var('LDVERSION')}",
         "-lm", "-ldl"],
        check=True,
    )  # fmt: skip
    return program


def main() -> int:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory(prefix="winnow-fuzz-") as name:
        folder = Path(name)
        if lacks := missing(folder):
            print("make fuzz cannot run. Missing:", *(f"- {one}" for one in lacks), sep="\n", file=sys.stderr)
            return 2
        program = build(folder)
        (folder / "corpus").mkdir()
        found = Path(os.environ.get("WINNOW_FUZZ_FOUND", tempfile.gettempdir())) / "winnow-fuzz-"
        env = {
            **os.environ,
            "PYTHONHOME": sys.base_prefix,
            # Python keeps memory until it ends, by design; a leak of the scanner shows when the memory
            # limit is reached.
            "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=32",
            "PYTHONMALLOC": "malloc",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        run = subprocess.run(
            [str(program), f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024",
             "-print_final_stats=1", f"-artifact_prefix={found}", f"-dict={HERE / 'words.dict'}",
             str(folder / "corpus"), str(HERE / "corpus")],
            env=env, check=False,
        )  # fmt: skip
    if run.returncode:
        print(f"The scanner fails: see above. Fix it, and keep the input ({found}*) in bench/fuzz/corpus.")
        return 1
    print(f"{seconds} s without a finding.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
