"""A real S3 server for the end-to-end tests, from npm."""

import fcntl
import os
import pathlib
import subprocess

import boto3
import botocore.config

from harness import ROOT, Process, free_port, wait_until

S3RVER = "s3rver@3.7.1"
NPM_FOLDER = pathlib.Path(os.environ.get("TAILRACE_NPM", ROOT / "build" / "npm")) / "s3rver"
S3RVER_SCRIPT = """
const S3rver = require('s3rver');
const [port, directory] = process.argv.slice(2);
new S3rver({port: +port, address: '127.0.0.1', silent: true, directory, configureBuckets: [{name: 'archive'}],
            allowMismatchedSignatures: false}).run().then(() => console.log('ready'));
"""


class S3Server:
    """s3rver, which checks signatures, over a folder; may be stopped and started again."""

    def __init__(self, test):
        NPM_FOLDER.mkdir(parents=True, exist_ok=True)
        with open(NPM_FOLDER / "lock", "w") as lock:  # Tests that run at the same time share the packages.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.install()
        self.folder = test.folder
        (self.folder / "s3rver.js").write_text(S3RVER_SCRIPT)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        test.addCleanup(self.stop)
        self.start()

    def install(self):
        if not (NPM_FOLDER / "node_modules" / "s3rver").exists():
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", NPM_FOLDER, S3RVER],
                           check=True, timeout=300)

    def start(self):
        log = self.folder / "s3rver.log"
        log.write_text("")
        self.process = Process(["node", self.folder / "s3rver.js", self.port, self.folder / "s3"], log,
                               env={**os.environ, "NODE_PATH": str(NPM_FOLDER / "node_modules")})
        wait_until(lambda: "ready" in self.process.output(), "s3rver to be ready", 60)

    def stop(self):
        if self.process:
            self.process.stop()

    def client(self):
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="S3RVER",
                            aws_secret_access_key="S3RVER", config=botocore.config.Config(s3={"addressing_style": "path"}))

    def objects(self):
        """[(key, bytes)] in the order of the names."""
        client = self.client()
        keys = [entry["Key"] for page in client.get_paginator("list_objects_v2").paginate(Bucket="archive")
                for entry in page.get("Contents", [])]
        return [(key, client.get_object(Bucket="archive", Key=key)["Body"].read()) for key in sorted(keys)]
