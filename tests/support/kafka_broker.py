#!/usr/bin/python3
"""An Apache Kafka broker for tests (KRaft, one node), in a temporary folder on free loopback ports.

The argument is a folder with server.pem (key and certificate) and ca.pem. Prints "ready PORT LOGIN_PORT CERTIFICATE_PORT"
when it takes connections: without security, with TLS and a login (user tailrace, password kafka-secret; PLAIN or
SCRAM-SHA-512), and with TLS and a client's certificate. Lines on the input: "stop" and "kill" (print "stopped"), "start" (prints
"ready ..."). Ends, and cleans up, when its input ends. Prints "skip REASON" when there is no Java or its jars cannot be
had from Maven Central; they are kept in the build folder."""

import fcntl
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
JARS = HERE.parent.parent / "build" / "kafka-jars"


def free_port():
    """Not one of those that the system gives to clients: while the broker is away, a client that tries to connect could be
    given the very port it connects to, talk to itself and keep the broker from coming back."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def skip(reason):
    print(f"skip: {reason}", flush=True)
    sys.exit(0)


def fetch():
    """The broker's jars, copied once for all builds of this folder."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with open(JARS.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pom = HERE / "kafka" / "pom.xml"
        marker = JARS / "pom.xml"
        if marker.exists() and marker.read_text() == pom.read_text():
            return
        shutil.rmtree(JARS, ignore_errors=True)
        done = subprocess.run(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            skip("the Kafka broker cannot be had from Maven Central: " + " ".join(done.stdout.split())[:300])
        shutil.copy(pom, marker)


class Broker:
    def __init__(self, folder, certificates):
        self.folder = folder
        self.ports = self.port, login, certificate = free_port(), free_port(), free_port()
        self.process = None
        controller = free_port()
        self.configuration = folder / "server.properties"
        self.configuration.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{self.port},LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{self.port},LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CERTIFICATE:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_tailrace="kafka-secret";
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.certificate.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={certificates}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={certificates}/ca.pem
controller.listener.names=CONTROLLER
log.dirs={folder}/log
num.partitions=1
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.enable=false
num.network.threads=1
num.io.threads=2
background.threads=1
log.retention.check.interval.ms=200
log.segment.delete.delay.ms=0
log.initial.task.delay.ms=100
""")
        self.java("kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", self.configuration,
                  "-S", "SCRAM-SHA-512=[name=tailrace,password=kafka-secret]").wait()

    def java(self, main, *words):
        return subprocess.Popen(["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                                 "-cp", f"{JARS}/*", main, *map(str, words)],
                                stdin=subprocess.DEVNULL, stdout=open(self.folder / "output", "ab"),
                                stderr=subprocess.STDOUT)

    def start(self):
        self.process = self.java("kafka.Kafka", self.configuration)
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                print("ready", *self.ports, flush=True)
                return
            except OSError:
                time.sleep(0.05)
        print("failed: the broker does not answer: " + (self.folder / "output").read_text()[-2000:], flush=True)
        sys.exit(1)

    def stop(self, kill=False):
        if self.process is None:
            return
        (self.process.kill if kill else self.process.terminate)()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def main():
    fetch()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-kafka-"))
    broker = Broker(folder, pathlib.Path(sys.argv[1]))
    try:
        broker.start()
        for line in sys.stdin:
            word = line.strip()
            if word == "start":
                broker.start()
            elif word in ("stop", "kill"):
                broker.stop(kill=word == "kill")
                print("stopped", flush=True)
    finally:
        broker.stop(kill=True)
        shutil.rmtree(folder, ignore_errors=True)


main()
