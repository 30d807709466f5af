#!/usr/bin/python3
"""An SMTP server for tests. Prints "ready PORT", then one JSON line a mail. Ends when its input ends.

smtp_sink.py [--tls CERTIFICATE KEY] [--login USER PASSWORD] [--refuse CODE]
With --login a mail without it is refused; with --refuse every recipient is answered with that code.
Exit code 77: python3-aiosmtpd is not installed."""

import argparse
import json
import ssl
import sys

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword
except ImportError:
    print("skip: python3-aiosmtpd is not installed", flush=True)
    sys.exit(77)


class Handler:
    def __init__(self, refuse):
        self.refuse = refuse

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if self.refuse:
            return f"{self.refuse} refused"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "authenticated": bool(session.authenticated),
            "message": envelope.content.decode("utf-8", "replace"),
        }
        print(json.dumps(record), flush=True)
        return "250 OK"


class FreePortController(Controller):
    """The stock one calls its own port to see that it is up, which does not work for port 0."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--login", nargs=2)
    parser.add_argument("--refuse", type=int)
    arguments = parser.parse_args()
    options = {}
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
        options["tls_context"] = context
    if arguments.login:
        expected = LoginPassword(*(text.encode() for text in arguments.login))

        def check(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=data == expected, handled=False)

        options.update(authenticator=check, auth_required=True, auth_require_tls=bool(arguments.tls))
    controller = FreePortController(Handler(arguments.refuse), hostname="127.0.0.1", port=0, **options)
    controller.start()
    print(f"ready {controller.port}", flush=True)
    sys.stdin.read()
    controller.stop()


main()
