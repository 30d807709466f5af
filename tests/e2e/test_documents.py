"""The generated pages of docs/ are what the program prints, and the written ones point at what exists."""

import re
import unittest

from harness import ROOT, run

DOCS = ROOT / "docs"


class Documents(unittest.TestCase):
    maxDiff = None

    def test_generated_pages_are_up_to_date(self):
        for page, words in (("sql-functions.md", ["functions", "--markdown"]), ("configuration.md", ["configuration"]),
                            ("verbs.md", ["man", "--markdown"])):
            with self.subTest(page):
                self.assertEqual((DOCS / page).read_text(), run(*words), f"run make docs and commit docs/{page}")

    def test_links_between_pages_lead_somewhere(self):
        for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]:
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page.name} links to {target}")

    def test_sections_that_the_code_cites_exist(self):
        sections = set(re.findall(r"^#+ ([0-9]+(?:\.[0-9]+)*) ", (DOCS / "sql-dialect.md").read_text(), re.MULTILINE))
        for source in (ROOT / "src").rglob("*.[ch]*"):
            for cited in re.findall(r"sql-dialect\.md, sections? ([0-9. ,and]+)", source.read_text()):
                for section in re.findall(r"[0-9]+(?:\.[0-9]+)*", cited):
                    self.assertIn(section, sections, source)

    def test_functions_by_name(self):
        page = run("functions", "tsdiff", "RANDOM_CUT_FOREST")
        self.assertIn("TSDIFF(", page)
        self.assertIn("subSampleSize", page)
        self.assertEqual(run("functions", "NO_SUCH", check=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
