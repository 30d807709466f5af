"""Apache Flink's SQL over files, from Maven Central: its jars are copied once into the build folder, and left out with a reason
where they are not to be had."""

import fcntl
import functools
import pathlib
import shutil
import subprocess

from measure import FOLDER, Contender

HERE = pathlib.Path(__file__).resolve().parent / "flink"
JARS = FOLDER / "flink-jars"
REPETITIONS = 2  # A turn takes half a minute.
RUNS = 4  # In one process: its compiler has seen the query.


@functools.cache
def there():
    """Whether Java and the jars are."""
    for program in ("java", "javac", "mvn"):
        if not shutil.which(program):
            print(f"  (Flink is not there: {program} is not installed)")
            return False
    pom, main = HERE / "pom.xml", HERE / "FlinkSql.java"
    with open(JARS.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        marker = JARS / "pom.xml"
        if not marker.exists() or marker.read_text() != pom.read_text():
            shutil.rmtree(JARS, ignore_errors=True)
            fetched = subprocess.run(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if fetched.returncode != 0:
                print("  (Flink is not there: Maven Central does not give it: " + " ".join(fetched.stdout.split())[:200] + ")")
                return False
            shutil.copy(pom, marker)
        compiled = JARS / "main" / "FlinkSql.class"
        if not compiled.exists() or compiled.stat().st_mtime < main.stat().st_mtime:
            subprocess.run(["javac", "-cp", f"{JARS}/*", "-d", compiled.parent, main], check=True)
    return True


def without_header(path):
    """The same rows for a reader that knows of no header, and none of them: a folder each. Gives the name of the file in both."""
    for folder, rows in (("flink-none", 0), ("flink-all", None)):
        copy = FOLDER / folder / f"{path.stem}.csv"
        copy.parent.mkdir(exist_ok=True)
        if copy.exists() and copy.stat().st_mtime >= path.stat().st_mtime:
            continue
        with open(path, "rb") as file, open(copy, "wb") as out:
            file.readline()
            if rows is None:
                shutil.copyfileobj(file, out)
    return f"{path.stem}.csv"


def with_flink(bench, name, statements, check):
    """A contender as a list, empty where Flink is not to be had and in a quick run. Its start and the planning are not counted."""
    if bench.quick or not there():
        return []
    words = ["java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "--add-opens=java.base/java.util=ALL-UNNAMED",
             "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", f"{JARS}/*:{JARS}/main", "FlinkSql", RUNS,
             FOLDER / "flink-none", FOLDER / "flink-all", *statements]
    return [Contender(name, words, check, tells_itself=True, repetitions=REPETITIONS)]
