"""Applications of the old service become applications that `tailrace check` accepts."""

import json
import unittest

from harness import ROOT, TestCase, run

DATA = ROOT / "tests" / "data"


class Import(TestCase):
    def take(self, file, *options):
        folder = self.folder / "out"
        run("import", file, "--output", folder, *options)
        done = run("check", "--json", folder, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return (folder / "tailrace.yaml").read_text(), (folder / "REPORT.md").read_text()

    def test_the_web_analytics_template(self):
        definition, report = self.take(DATA / "web-analytics.yaml")
        self.assertIn("name: web-analytics\n", definition)
        self.assertIn("  web-beacons: {shards: 2, retention: 48h}\n", definition)
        self.assertIn("  WASA:\n    stream: web-beacons\n    format: json\n", definition)
        self.assertIn('- {name: agent, type: VARCHAR(128), path: "$.agent"}\n', definition)
        self.assertIn("  - from: EVENT_STREAM\n    stream: web-events\n    format: csv\n    nulls: text\n", definition)
        self.assertIn("  - from: DESTINATION_SQL_STREAM\n    file: ProcessMetricsFunction.ndjson\n", definition)
        self.assertNotIn("unwanted", definition)
        sql = (self.folder / "out" / "application.sql").read_text()
        self.assertEqual(sql.count(" PUMP "), 9)
        self.assertIn("HAVING count(*) > 1\n", sql)  # The parameter's default.
        self.assertIn("resource ProcessMetricsFunction (AWS::Lambda::Function)", report)

    def test_a_parameter_and_a_condition(self):
        definition, _ = self.take(DATA / "web-analytics.yaml", "--parameter", "Deliver=no", "--parameter",
                                  "ThresholdForTopPages=5")
        self.assertIn("  - from: EVENT_STREAM\n    delivery_stream: unwanted\n", definition)
        self.assertNotIn("web-events", definition)
        self.assertIn("HAVING count(*) > 5\n", (self.folder / "out" / "application.sql").read_text())

    def test_a_terraform_file(self):
        definition, report = self.take(DATA / "orders.tf")
        self.assertIn("  orders-test: {shards: 3, retention: 72h}\n", definition)
        self.assertIn('    column_delimiter: "|"\n', definition)
        self.assertIn("\nstart: latest\n", definition)
        self.assertIn("    delivery_stream: archive\n    format: csv\n", definition)
        self.assertEqual((self.folder / "out" / "Countries.csv").read_text(), 'Code,"Label, long"\n')
        self.assertIn("fill it with the rows", report)

    def test_descriptions_of_both_versions_give_the_same(self):
        first, _ = self.take(DATA / "described-1.json")
        second, _ = self.take(DATA / "described-2.json", "--force")
        self.assertEqual(first.split("\n", 1)[1], second.split("\n", 1)[1])
        self.assertIn("    parallelism: 2\n", first)
        self.assertIn('path: "$.data.n"', first)

    def test_a_bare_program(self):
        definition, report = self.take(DATA / "flood-intended.sql")
        self.assertIn("  SOURCE_SQL_STREAM:\n", definition)
        self.assertIn("is read by no pump", report)

    def test_a_folder_with_files_is_left_alone(self):
        folder = self.folder / "mine"
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        done = run("import", DATA / "described-1.json", "--output", folder, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--force", done.stderr)
        self.assertEqual([path.name for path in folder.iterdir()], ["notes.txt"])

    def test_faults_have_file_and_place(self):
        described = json.loads((DATA / "described-1.json").read_text())
        described["ApplicationDetail"]["InputDescriptions"][0]["InputSchema"]["RecordColumns"][0]["SqlType"] = "INTEGR"
        bad = self.folder / "bad.json"
        bad.write_text(json.dumps(described))
        done = run("import", bad, "--output", self.folder / "out", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{bad}: ApplicationDetail.InputDescriptions[0].InputSchema.RecordColumns[0].SqlType: ", done.stderr)
        self.assertFalse((self.folder / "out").exists())
        broken = self.folder / "broken.tf"
        broken.write_text('resource "a" "b" {\n  name = \n}\n')
        self.assertIn(f"{broken}:3:1: expected a value", run("import", broken, check=False).stderr)


if __name__ == "__main__":
    unittest.main()
