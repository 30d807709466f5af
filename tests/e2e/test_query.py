"""`tailrace query` over real files: what it counts is counted again in Python."""

import collections
import csv
import gzip
import io
import json
import os
import random
import subprocess

from harness import Process, TestCase, run, wait_until

PROGRAM = os.environ["TAILRACE_PROGRAM"]


def query(*arguments, **options):
    return subprocess.run([PROGRAM, "query", *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


class Query(TestCase):
    def access_log(self, lines=20_000):
        """A combined log and what is in it: (client, status) a line."""
        rng = random.Random(3)
        made = []
        path = self.folder / "access.log"
        with open(path, "w") as log:
            for i in range(lines):
                client, status = f"10.0.0.{rng.randrange(40)}", rng.choice([200, 200, 404, 500])
                made.append((client, status))
                log.write(f'{client} - - [01/Nov/2026:00:{i * 60 // lines:02}:00 +0000] "GET /p{i % 7}?q=1 HTTP/1.1" '
                          f'{status} {i % 900} "-" "Agent \\"x\\""\n')
        return path, made

    def test_an_access_log_is_counted_by_client_as_python_counts_it(self):
        log, made = self.access_log()
        counts = collections.Counter(client for client, _ in made)
        for threads in ("1", "2", "5"):
            done = query("-f", log, "--output", "json", "--threads", threads,
                         "SELECT client_ip, COUNT(*) AS hits FROM log GROUP BY client_ip ORDER BY hits DESC, client_ip "
                         "LIMIT 10")
            expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]
            self.assertEqual([(row["client_ip"], row["HITS"]) for row in rows_of(done.stdout)], expected, done.stderr)

    def test_windows_follow_the_time_of_the_log(self):
        log, made = self.access_log()
        done = query("--output", "json", "SELECT STREAM FLOOR(l.ROWTIME TO MINUTE) AS m, COUNT(*) AS n FROM log l "
                     "WHERE status >= 500 GROUP BY FLOOR(l.ROWTIME TO MINUTE)", log)
        rows = rows_of(done.stdout)
        self.assertEqual(len(rows), 60, done.stderr)
        self.assertEqual(rows[7]["M"], "2026-11-01 00:07:00.000")
        self.assertEqual(sum(row["N"] for row in rows), sum(status == 500 for _, status in made))

    def test_packed_files_patterns_and_standard_input_give_the_same(self):
        log, made = self.access_log(3_000)
        text = log.read_bytes()
        for part in range(3):
            with gzip.open(self.folder / f"part{part}.log.gz", "wb") as packed:
                packed.write(b"".join(text.splitlines(keepends=True)[part * 1000:part * 1000 + 1000]))
        subprocess.run(["zstd", "-q", log, "-o", self.folder / "all.zst"], check=True)
        sql = "SELECT COUNT(*) AS n, SUM(bytes) AS b FROM log"
        plain = query(sql, log, "--output", "json")
        self.assertEqual(rows_of(plain.stdout)[0]["N"], len(made))
        for files, stdin in ((self.folder / "part*.log.gz", None), (self.folder / "all.zst", None), ("-", text.decode())):
            self.assertEqual(query(sql, files, "--output", "json", input=stdin).stdout, plain.stdout, files)

    def test_csv_with_names_and_quoted_line_breaks(self):
        path = self.folder / "orders.csv"
        rng = random.Random(5)
        orders = [(f"order {i}", rng.randrange(100), 'two\nlines, "quoted"' if i % 3 == 0 else "plain") for i in range(5_000)]
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["name", "quantity", "note"])
            writer.writerows(orders)
        done = query("SELECT note, COUNT(*) AS n, SUM(quantity) AS q FROM orders GROUP BY note ORDER BY n", path)
        rows = list(csv.reader(io.StringIO(done.stdout)))
        self.assertEqual(rows[0], ["note", "N", "Q"], done.stderr)
        for note in ("plain", orders[0][2]):
            mine = [quantity for _, quantity, each in orders if each == note]
            self.assertIn([note, str(len(mine)), str(sum(mine))], rows)

    def test_named_files_are_joined(self):
        (self.folder / "orders.json").write_text("".join(f'{{"item": {i % 3}, "n": {i}}}\n' for i in range(9)))
        (self.folder / "items.json").write_text('{"id": 0, "title": "cup"}\n{"id": 1, "title": "hat"}\n')
        done = query("SELECT title, SUM(n) AS total FROM o JOIN i ON o.item = i.id GROUP BY title ORDER BY title",
                     "-f", f"o={self.folder}/orders.json", "-f", f"i={self.folder}/items.json", "--output", "json")
        self.assertEqual(rows_of(done.stdout), [{"title": "cup", "TOTAL": 9}, {"title": "hat", "TOTAL": 12}], done.stderr)

    def test_a_limit_ends_the_reading_and_broken_lines_are_told(self):
        path = self.folder / "a.json"
        path.write_text('{"a": 1}\n' * 1_000 + "{broken\n" + '{"a": "word"}\n' + '{"a": 2}\n')
        done = query("SELECT COUNT(*) AS n, MAX(a) AS m FROM t", path, "--output", "json")
        self.assertEqual(rows_of(done.stdout), [{"N": 1_001, "M": 2}])
        self.assertIn("2 lines gave no row", done.stderr)
        self.assertIn("a.json:1001", done.stderr)
        endless = subprocess.Popen(["yes", '{"a": 1}'], stdout=subprocess.PIPE)
        limited = query("SELECT a FROM t LIMIT 3", stdin=endless.stdout)
        endless.stdout.close()
        self.assertNotEqual(endless.wait(10), 0)  # Its pipe broke: nobody read it to its end.
        self.assertEqual(limited.stdout.splitlines(), ["a", "1", "1", "1"])

    def test_wrong_use_says_what_to_do(self):
        self.assertEqual(query().returncode, 2)
        missing = query("SELECT * FROM t", self.folder / "none.log")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("none.log", missing.stderr)
        (self.folder / "a.json").write_text('{"status": 1}\n')
        wrong = query("SELECT statsu FROM t", self.folder / "a.json")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("STATUS", wrong.stderr)
        self.assertEqual(query("SELECT 1 FROM t", self.folder / "a.json", "--output", "xml").returncode, 2)

    def test_following_a_log_through_its_rotation(self):
        log = self.folder / "live.json"
        log.write_text('{"a": 1}\n')
        out = self.folder / "out"
        process = Process([PROGRAM, "query", "--follow", "--output", "json", "-f", str(log), "SELECT STREAM a FROM t"], out)
        self.addCleanup(process.stop)
        wait_until(lambda: '"a":1' in out.read_text(), "the first row")
        with open(log, "a") as file:
            file.write('{"a": 2}\n')
        wait_until(lambda: '"a":2' in out.read_text(), "the appended row")
        log.rename(self.folder / "live.json.1")
        log.write_text('{"a": 3}\n')
        wait_until(lambda: '"a":3' in out.read_text(), "the row of the new file")
        self.assertEqual([json.loads(line)["a"] for line in out.read_text().splitlines()], [1, 2, 3])
