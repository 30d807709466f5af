"""Installs the pinned clients of tests/e2e/clients into the build folder, once (what cannot be had is a loud skip), and runs
them."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from harness import PROGRAM, ROOT, Process, free_port, wait_until

SOURCES = ROOT / "tests" / "e2e" / "clients"
BUILD = pathlib.Path(os.environ.get("TAILRACE_CLIENTS", PROGRAM.parent.parent / "clients"))

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1"}


def skip(reason):
    print(f"\nNOT TESTED: {reason}\n", file=sys.stderr)
    raise unittest.SkipTest(reason)


def need(name):
    found = shutil.which(name)
    if not found:
        skip(f"{name} is not installed")
    return found


def install(name, install_into, files):
    """Gives BUILD/name, made by install_into(folder) and made anew when one of the files has changed."""
    folder = BUILD / name
    digest = hashlib.sha256(b"".join(pathlib.Path(file).read_bytes() for file in files)).hexdigest()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == digest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        install_into(folder)
    except subprocess.CalledProcessError as error:
        skip(f"{name}: {' '.join(map(str, error.cmd))} failed: {error.output.decode(errors='replace')[-2000:]}")
    stamp.write_text(digest)
    return folder


def check(words, **options):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=600, **options)


def javascript():
    """The folder of the JavaScript program with its packages."""
    npm = need("npm")
    source = SOURCES / "javascript"

    def into(folder):
        for file in source.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        check([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)

    return install("javascript", into, sorted(file for file in source.iterdir() if file.is_file()))


def go():
    """The folder of the Go programs."""
    compiler = need("go")
    source = SOURCES / "go"
    files = sorted([*source.glob("*/*.go"), source / "go.mod", source / "go.sum"])

    def into(folder):
        check([compiler, "build", "-trimpath", "-o", f"{folder}/", "./..."], cwd=source,
              env={**os.environ, "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local",
                   "GOCACHE": str(BUILD / "go-cache"), "GOMODCACHE": str(BUILD / "go-modules")})
        for cache in ("go-cache", "go-modules"):  # Half a gigabyte that nobody needs again.
            shutil.rmtree(BUILD / cache, ignore_errors=True)

    return install("go", into, files)


def java():
    """The class path of the Java program."""
    maven = need("mvn")
    compiler = need("javac")
    source = SOURCES / "java"

    def into(folder):
        check([maven, "-q", "-B", "-f", source / "pom.xml", "dependency:copy-dependencies",
               f"-DoutputDirectory={folder / 'libraries'}"])
        check([compiler, "-d", folder / "classes", "-cp", f"{folder / 'libraries'}/*", *source.glob("*.java")])

    folder = install("java", into, [source / "pom.xml", *sorted(source.glob("*.java"))])
    return f"{folder / 'classes'}:{folder / 'libraries'}/*"


def python(name, *packages):
    """The interpreter of an environment with these packages."""
    requirements = "\n".join(packages)

    def into(folder):
        check([sys.executable, "-m", "venv", folder / "environment"])
        check([folder / "environment" / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *packages])
        (folder / "requirements").write_text(requirements)

    folder = BUILD / name
    if (folder / "requirements").exists() and (folder / "requirements").read_text() != requirements:
        shutil.rmtree(folder)
    return install(name, into, []) / "environment" / "bin" / "python"


def certificate(folder):
    """A key and a certificate for 127.0.0.1 that signs itself; gives both paths."""
    key, chain = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", chain, "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return key, chain


def serve_tls(test):
    """A server over TLS; gives its address and the certificate to trust."""
    key, chain = certificate(test.folder)
    port = free_port()
    process = Process([PROGRAM, "run", test.example("access-log"), "--no-agent", "--data", test.folder / "data", "--listen",
                       f"127.0.0.1:{port}", "--tls-certificate", chain, "--tls-key", key], test.folder / "server.log")
    test.addCleanup(process.stop)
    wait_until(lambda: "serving" in process.output(), "the server")
    return f"https://127.0.0.1:{port}", chain


def run_client(words, **environment):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=150,
                          env={**os.environ, **KEYS, **environment})
    if done.returncode != 0:
        raise AssertionError(f"{words[0]} exited {done.returncode}: {done.stdout[-3000:]}{done.stderr[-5000:]}")
    return done.stdout
