"""The Debian package: what is in it, that it installs into a root of its own and runs there, and that its service is valid."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import PROGRAM, ROOT, TestCase

CONFIGURATION = pathlib.Path(PROGRAM).parent / "CPackConfig.cmake"


class Package(TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("cpack") or not CONFIGURATION.exists():
            raise unittest.SkipTest("no CPack configuration beside the program")

    def build(self):
        done = subprocess.run(["cpack", "--config", CONFIGURATION, "-G", "DEB", "-B", self.folder / "package"],
                              cwd=CONFIGURATION.parent, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return next((self.folder / "package").glob("tailrace_*.deb"))

    def test_installs_and_runs(self):
        package = self.build()
        fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
        self.assertIn("Package: tailrace\n", fields)
        # Found from the program, so that an installation brings all it needs.
        for library in ("librdkafka1", "libc6", "librocksdb", "libmariadb3"):
            self.assertRegex(fields, rf"Depends:.*\b{library}")
        root = self.folder / "root"
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        for path in ("usr/bin/tailrace", "usr/lib/systemd/system/tailrace.service", "etc/default/tailrace",
                     "usr/share/man/man1/tailrace.1.gz", "usr/share/bash-completion/completions/tailrace",
                     "usr/share/doc/tailrace/copyright", "usr/share/doc/tailrace/docs/kafka.md",
                     "usr/share/doc/tailrace/examples/order-flood/tailrace.yaml"):
            self.assertTrue((root / path).is_file(), path)
        self.assertNotIn(b"$<", (root / "usr/share/bash-completion/completions/tailrace").read_bytes())
        program = root / "usr/bin/tailrace"
        version = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
        packed = re.search(r"^Version: (\S+)", fields, re.M).group(1)
        self.assertIn(packed, version)
        check = subprocess.run([program, "check", root / "usr/share/doc/tailrace/examples/order-flood"],
                               capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        control = self.folder / "control"
        subprocess.run(["dpkg-deb", "-e", package, control], check=True)
        self.assertEqual((control / "conffiles").read_text(), "/etc/default/tailrace\n")
        for script in ("postinst", "prerm", "postrm"):
            self.assertTrue(os.access(control / script, os.X_OK), script)
            subprocess.run(["sh", "-n", control / script], check=True)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_service_is_valid_and_hardened(self):
        unit = (ROOT / "packaging" / "tailrace.service").read_text()
        # Verified where nothing is installed: the program and the file of settings are replaced by others.
        settings = self.folder / "settings"
        settings.write_text((ROOT / "packaging" / "default").read_text())
        unit = unit.replace("/usr/bin/tailrace", "/bin/true").replace("/etc/default/tailrace", str(settings))
        copy = self.folder / "tailrace.service"
        copy.write_text(unit)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=25", copy],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)  # An exposure of at most 2.5 of 10.


if __name__ == "__main__":
    unittest.main()
