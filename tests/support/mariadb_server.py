#!/usr/bin/python3
"""A MariaDB server for tests, in a temporary folder on a free loopback port. Prints "ready PORT" when it takes connections.

Its database "logs" is empty; user root has no password, user tailrace has the password "pass word" and all rights on logs.
Lines on the input: "stop" (prints "stopped"), "start" (prints "ready PORT"). Ends, and cleans up, when its input ends.
Exit code 77: mariadb-server is not installed."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def program(name: str) -> str:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin") or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("mysql")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self.user = ["--user=mysql"]
        data = folder / "data"
        init = folder / "init.sql"
        init.write_text(
            "CREATE DATABASE IF NOT EXISTS logs;\n"
            "CREATE USER IF NOT EXISTS 'tailrace'@'%' IDENTIFIED BY 'pass word';\n"
            "GRANT ALL ON logs.* TO 'tailrace'@'%';\n"
        )
        init.chmod(0o644)
        subprocess.run(
            [program("mariadb-install-db"), "--no-defaults", *self.user, f"--datadir={data}",
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
             "--innodb-flush-method=fsync", "--innodb-buffer-pool-size=64M"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [program("mariadbd"), "--no-defaults", *self.user, f"--datadir={self.folder}/data",
             f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", "--bind-address=127.0.0.1",
             f"--port={self.port}", "--innodb-buffer-pool-size=64M", "--skip-name-resolve",
             "--innodb-flush-method=fsync",
             f"--init-file={self.folder}/init.sql"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                # The server listens only after the init file has run.
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(1):
                        print(f"ready {self.port}", flush=True)
                        return
            except OSError:
                time.sleep(0.05)
        print("failed: mariadbd does not answer", flush=True)
        sys.exit(1)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def main() -> None:
    if not program("mariadbd") or not program("mariadb-install-db"):
        print("skip: mariadb-server is not installed", flush=True)
        sys.exit(77)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-mariadb-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp"))
    folder.chmod(0o755)
    server = None
    try:
        server = Server(folder)
        server.start()
        for line in sys.stdin:
            if line.strip() == "stop":
                server.stop()
                print("stopped", flush=True)
            elif line.strip() == "start":
                server.start()
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


main()
