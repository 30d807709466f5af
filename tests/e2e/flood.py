"""The order-flood example, changed for tests."""

import sqlite3


def with_webhook(folder, url, **changes):
    """The example with a webhook target and, by `changes`, other texts in its files."""
    definition = folder / "tailrace.yaml"
    text = definition.read_text()
    text = text.replace("to: [messages]", "to: [messages, hook]")
    text = text.replace("targets:\n", f"targets:\n  hook: {{webhook: {{url: \"{url}\"}}, retry_first: 50ms, retry_max: 200ms}}\n")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    definition.write_text(text)


def scale(folder, divisor):
    """Makes the example's windows and intervals shorter by this factor, so that a flood takes seconds."""
    sql = folder / "monitor.sql"
    sql.write_text(sql.read_text().replace("'1' MINUTE", f"'{60 / divisor:g}' SECOND"))
    definition = folder / "tailrace.yaml"
    definition.write_text(definition.read_text().replace("min_interval: 60s", f"min_interval: {60_000 // divisor}ms")
                          .replace("window: 15 ", f"window: {15 / divisor:g} "))


def history_rows(server):
    database = server.folder / "data" / "apps" / "order-flood" / "history.sqlite"
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            return connection.execute(
                "SELECT alarm_creation_time, Number_of_orders FROM logs_history ORDER BY 1").fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:  # Not made yet.
        return []
