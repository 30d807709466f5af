// A server that speaks docs/http-api.md with moving data, for work on the dashboard and for its tests without the real program.
//
//   node e2e/mock-server.mjs [PORT]        serves web/dist and the API on 127.0.0.1 (default port 8090)
//
// It shows an order shop: a steady trickle of orders, and a flood every two minutes.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const threshold = 30;
const windowSeconds = 15;
const floodEverySeconds = 120;
const floodSeconds = 25;

const programFile = "/srv/order-flood/flood.sql";
const program = `-- Orders within ${windowSeconds} seconds.
CREATE OR REPLACE STREAM ORDER_COUNT_STREAM (order_count INTEGER);
CREATE OR REPLACE PUMP STREAM_PUMP AS INSERT INTO ORDER_COUNT_STREAM
  SELECT STREAM COUNT(*) OVER (RANGE INTERVAL '${windowSeconds}' SECOND PRECEDING) FROM SOURCE_SQL_STREAM_001;
`;

// As the compiler would, of one word alone.
function findingsOf(sql) {
  return sql.split("\n").flatMap((text, index) => {
    const column = text.indexOf("SELEC ") + 1;
    return column === 0
      ? []
      : [{ file: programFile, line: index + 1, column, length: 5, severity: "error", message: "expected a query, found SELEC", hint: "did you mean SELECT?" }];
  });
}

// The same numbers in every run.
function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

class Shop {
  constructor(startMillis) {
    this.random = makeRandom(7);
    this.sql = program;
    this.started = startMillis;
    this.second = Math.floor(startMillis / 1000) - 14 * 60;
    this.orders = []; // Orders of each of the last seconds.
    this.points = [];
    this.total = 0;
    this.alarmRows = 0;
    this.max = 0;
    this.firing = false;
    this.firedAt = null;
    this.lastRow = null;
    this.lastMessage = null;
    this.held = 0;
    this.heldMax = 0;
    this.events = [];
    this.deliveries = [];
    this.ordinal = 0;
    this.rows = [];
    this.letters = [
      letter(3, "history", "value too long for column StockCode: 19 characters, at most 16", { StockCode: "POST-OFFICE-DELIVER", Quantity: "6" }, startMillis - 640_000),
      letter(41, "table WebsiteOrders", "CustomerID is empty: a key of table WebsiteOrders must have a value", { InvoiceNo: "536414", Customer: null }, startMillis - 420_000),
      letter(87, "table WebsiteOrders", "Quantity is not a number: 'six'", { InvoiceNo: "536520", Quantity: "six" }, startMillis - 90_000),
    ];
    while (this.second < Math.floor(startMillis / 1000)) this.step();
    const failed = this.deliveries.find((delivery) => delivery.target === "ops-webhook");
    Object.assign(failed, { state: "dead", attempts: 9, delayed: true, last_error: "HTTP status 410 from https://ops.example/hook: the receiver is gone" });
  }

  step() {
    this.second += 1;
    const at = this.second * 1000;
    const inFlood = this.second % floodEverySeconds < floodSeconds;
    const count = inFlood ? 7 + Math.floor(this.random() * 4) : Math.floor(this.random() * 3);
    this.orders.push(count);
    if (this.orders.length > windowSeconds) this.orders.shift();
    this.total += count;
    const inWindow = this.orders.reduce((sum, one) => sum + one, 0);
    for (let order = 0; order < count; ++order) this.addRow(at, inWindow, order, count);
    if (count > 0) this.points.push([this.second, inWindow]);
    while (this.points.length > 900) this.points.shift();
    if (count > 0 && inWindow >= threshold) this.alarmRow(at, inWindow, count);
    else if (this.firing && at - this.lastRow >= 60_000) this.resolve(at);
  }

  addRow(at, inWindow, order, count) {
    this.ordinal += 1;
    const rowtime = at - 1000 + Math.floor((1000 * (order + 1)) / (count + 1));
    this.rows.unshift({ ordinal: this.ordinal, rowtime, count: inWindow });
    if (this.rows.length > 300) this.rows.pop();
  }

  alarmRow(at, value, count) {
    this.alarmRows += count;
    this.max = Math.max(this.max, value);
    if (!this.firing) {
      this.firing = true;
      this.firedAt = at;
      this.event("fired", at, value, null, null, null);
    }
    this.lastRow = at;
    if (this.lastMessage === null || at - this.lastMessage >= 60_000) this.message(at, value);
    else {
      this.held += count;
      this.heldMax = Math.max(this.heldMax, value);
    }
  }

  message(at, value) {
    this.event("message", at, value, this.held, this.held > 0 ? this.heldMax : null, this.lastMessage);
    const time = new Date(at).toISOString().slice(0, 19).replace("T", " ");
    const digest = this.held === 0 ? "" : ` (${this.held} alarm rows held back, maximum ${this.heldMax})`;
    for (const target of ["messages", "ops-webhook", "history"]) {
      this.deliveries.unshift({
        id: this.deliveries.length + 1, alarm: "order-flood", key: "", kind: target === "history" ? "history" : "alarm", target, state: "sent", time: at, subject: target === "history" ? "" : "Mywebsite Order Rate Alarm",
        text: target === "history" ? "" : `Investigate sudden surge in orders. Order Count: ${value} @ ${time}${digest}`, attempts: 1, delayed: false,
        next_attempt: null, finished: at + 40, last_error: null,
      });
    }
    this.lastMessage = at;
    this.held = 0;
    this.heldMax = 0;
  }

  resolve(at) {
    this.firing = false;
    this.event("resolved", at, null, this.alarmRows, this.max, this.firedAt);
  }

  event(kind, time, value, rows, max, since) {
    this.events.unshift({ id: this.events.length + 1, alarm: "order-flood", kind, key: "", time, value, rows, max, since });
  }
}

function letter(ordinal, output, reason, row, time) {
  const text = JSON.stringify(row);
  return {
    id: `${ordinal}@${output}`, output, ordinal, reason, row, bytes: Buffer.from(text).toString("base64"), shard: 0,
    sequence: 1000 + ordinal, time, redrives: 0,
  };
}

const goods = ["WHITE HANGING HEART T-LIGHT HOLDER", "JUMBO BAG RED RETROSPOT", "REGENCY CAKESTAND 3 TIER", "PARTY BUNTING"];
const countries = ["United Kingdom", "Germany", "France", "EIRE", "Netherlands"];
const orderColumns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer", "Country"];

// One sampled row as the stream `name` shows it; null when it has none for this order.
function sample(name, row) {
  const { ordinal, rowtime, count } = row;
  if (name === "SOURCE_SQL_STREAM_001") {
    return { ordinal, rowtime, row: {
      InvoiceNo: String(536365 + ordinal), StockCode: `${85123 + (ordinal % 9)}A`, Description: goods[ordinal % 4],
      Quantity: String(1 + (ordinal % 12)), InvoiceDate: new Date(rowtime).toISOString().slice(0, 16).replace("T", " "),
      UnitPrice: (1 + (ordinal % 70) / 10).toFixed(2), Customer: ordinal % 11 === 0 ? null : String(17850 + (ordinal % 40)),
      Country: countries[ordinal % 5] } };
  }
  if (name === "ORDER_COUNT_STREAM") return { ordinal, rowtime, row: { ORDER_COUNT: count } };
  if (name === "ALARM_STREAM") return count >= threshold ? { ordinal, rowtime, row: { ORDER_COUNT: count } } : null;
  if (name === "TRIGGER_COUNT_STREAM") {
    return count >= threshold ? { ordinal, rowtime, row: { ORDER_COUNT: count, TRIGGER_COUNT: ordinal % 200 } } : null;
  }
  return null;
}

function statusOf(shop, now) {
  const rate = shop.orders.slice(-5).reduce((sum, one) => sum + one, 0) / 5;
  const alarmRate = shop.firing && now - shop.lastRow < 5000 ? rate : 0;
  const stream = (name, rows, perSecond, columns, kind) => ({ name, rows, rows_per_s: perSecond, columns, kind });
  const pump = (name, rowsIn, rowsOut, inRate, outRate, state) => ({
    name, rows_in: rowsIn, rows_out: rowsOut, errors: 0, state_bytes: state, rows_in_per_s: inRate, rows_out_per_s: outRate,
  });
  const dead = shop.deliveries.filter((delivery) => delivery.state === "dead").length;
  return {
    version: "0.1.0", now, started: shop.started - 5_400_000, cpu_ms: 8_300, resident_bytes: 31_000_000,
    streams: [
      { name: "mywebsiteorder", shards: 1, records: shop.total, bytes: shop.total * 141, records_per_s: rate, damage: null },
      { name: "pageviews", shards: 4, records: 918_220 + shop.total * 9, bytes: 301_000_000, records_per_s: 182.4, damage: null },
    ],
    apps: [
      {
        name: "order-flood", state: "running", error: "", behind_ms: 3, records: shop.total, records_per_s: rate, decode_errors: 0,
        lost_to_retention: 0, checkpoints: 1 + Math.floor((now - shop.started + 840_000) / 10_000), bound: now,
        cut_columns: [{ column: "Country VARCHAR(32)", values: 2 }],
        reference_tables: [
          { name: "PRODUCTS", place: "s3://shop-lists/products.csv", rows: 4070, since: shop.started, error: "" },
          { name: "COUNTRIES", place: "s3://shop-lists/countries.csv", rows: 38, since: shop.started, error: "S3 bucket shop-lists: HTTP 404 NoSuchKey" },
        ],
        pumps: [
          pump("ORDER_COUNT_PUMP", shop.total, shop.total, rate, rate, 2_480),
          pump("STREAM_PUMP", shop.total, shop.alarmRows, rate, alarmRate, 2_512),
          pump("TRIGGER_COUNT_PUMP", shop.alarmRows, shop.alarmRows, alarmRate, alarmRate, 9_804),
        ],
        streams: [
          stream("SOURCE_SQL_STREAM_001", shop.total, rate, orderColumns, "input"),
          stream("ORDER_COUNT_STREAM", shop.total, rate, ["ORDER_COUNT"], "intermediate"),
          stream("ALARM_STREAM", shop.alarmRows, alarmRate, ["ORDER_COUNT"], "intermediate"),
          stream("TRIGGER_COUNT_STREAM", shop.alarmRows, alarmRate, ["ORDER_COUNT", "TRIGGER_COUNT"], "intermediate"),
          stream("error_stream", 0, 0, ["ERROR_TIME", "ERROR_LEVEL", "ERROR_NAME", "MESSAGE"], "error"),
        ],
        outputs: [
          { name: "SOURCE_SQL_STREAM_001 -> table WebsiteOrders", rows: shop.total - shop.letters.length, waiting_rows: 0, error: "" },
          { name: "TRIGGER_COUNT_STREAM -> alarm order-flood", rows: shop.alarmRows, waiting_rows: 0, error: "" },
        ],
        alarms: [{ alarm: "order-flood", key: "", firing: shop.firing, rows: shop.alarmRows, max: shop.max, last_message: shop.lastMessage, held_rows: shop.held }],
        dead_letters: shop.letters.length,
        deliveries: { pending: 0, sent: shop.deliveries.length - dead, dead },
        agents: [{
          flow: "kinesis:mywebsiteorder:/shop/logs/*.log", pattern: "/shop/logs/*.log", destination: "mywebsiteorder", health: "ok",
          behind_bytes: 0, records: shop.total, skipped: 0, sent: shop.total, refused: 0, bytes: shop.total * 141, rejected_total: 1,
          files: [
            { path: "/shop/logs/20181124-000000.log", state: "done", size: 412_300, sent_offset: 412_300 },
            { path: "/shop/logs/20181124-010000.log", state: "reading", size: 88_214, sent_offset: 81_960 },
          ],
          warnings: [],
          rejected: [{ time: shop.started - 300_000, path: "/shop/logs/20181124-000000.log", offset: 40_211, reason: "longer than a record may be: 1,204,331 bytes, at most 1,048,576", raw: "536412,POST,\"POSTAGE ..." }],
        }],
      },
      {
        name: "page-latency", state: "running", error: "", behind_ms: 41, records: 918_220, records_per_s: 182.4, decode_errors: 12,
        lost_to_retention: 0, checkpoints: 511, bound: now, cut_columns: [], reference_tables: [],
        pumps: [pump("LATENCY_PUMP", 918_220, 15_301, 182.4, 3.0, 1_204_000)],
        streams: [
          stream("SOURCE_SQL_STREAM_001", 918_220, 182.4, ["PATH", "STATUS", "MILLIS"], "input"),
          stream("SLOW_PAGES", 15_301, 3.0, ["PATH", "P95_MILLIS", "HITS"], "intermediate"),
          stream("error_stream", 12, 0, ["ERROR_TIME", "ERROR_LEVEL", "ERROR_NAME", "MESSAGE"], "error"),
        ],
        outputs: [{ name: "SLOW_PAGES -> http https://metrics.example/in", rows: 15_290, waiting_rows: 11, error: "HTTP status 503 from metrics.example; next attempt in 8 s" }],
        alarms: [], dead_letters: 0, deliveries: { pending: 0, sent: 0, dead: 0 },
        agents: [{
          flow: "kinesis:pageviews:/var/log/nginx/acces.log", pattern: "/var/log/nginx/acces.log", destination: "pageviews", health: "warning",
          behind_bytes: 0, records: 0, skipped: 0, sent: 0, refused: 0, bytes: 0, rejected_total: 0, files: [], rejected: [],
          warnings: [{ code: "no-file", subject: "/var/log/nginx/acces.log", message: "No file matches the pattern. Did you mean /var/log/nginx/access.log?" }],
        }],
      },
    ],
  };
}

export function startMock(port) {
  const shop = new Shop(Date.now());
  const listeners = new Set(); // {kind, name, response} of open event streams.
  let down = false;

  const send = (response, event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const chart = (points) => ({ alarm: "order-flood", stream: "ORDER_COUNT_STREAM", column: "ORDER_COUNT", threshold, points });

  const tick = setInterval(() => {
    const now = Date.now();
    const newest = shop.ordinal;
    let stepped = false;
    while (shop.second < Math.floor(now / 1000)) {
      shop.step();
      stepped = true;
    }
    const rows = shop.rows.filter((row) => row.ordinal > newest).reverse();
    for (const { kind, name, response } of listeners) {
      if (kind === "events") {
        send(response, "status", statusOf(shop, now));
        if (stepped) send(response, "chart", { app: "order-flood", charts: [chart(shop.points.slice(-2))] });
        continue;
      }
      const samples = rows.map((row) => sample(name, row)).filter((row) => row !== null);
      for (const one of samples.slice(0, 5)) send(response, "row", one);
      if (samples.length > 5) send(response, "gap", { skipped: samples.length - 5 });
    }
  }, 250);

  const json = (response, status, body) => {
    response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(body));
  };
  const notFound = (response, what) => json(response, 404, { error: { code: "NotFound", message: `${what} does not exist` } });
  const listen = (request, response, kind, name) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": hello\n\n");
    const listener = { kind, name, response };
    listeners.add(listener);
    request.on("close", () => listeners.delete(listener));
    if (kind === "events") send(response, "status", statusOf(shop, Date.now()));
  };

  const sqlRoutes = (request, response, name) => {
    if (request.method === "GET") return json(response, 200, { file: programFile, sql: shop.sql });
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      const findings = findingsOf(body);
      if (name === "check") return json(response, 200, { findings });
      if (findings.length > 0) {
        const error = { code: "InvalidArgument", message: findings[0].message };
        return json(response, 422, { error, reloaded: false, kept: [], begun: [], gone: [], findings });
      }
      shop.sql = body;
      return json(response, 200, { reloaded: true, kept: [], begun: ["STREAM_PUMP"], gone: [], findings });
    });
  };

  const appRoutes = (request, response, parts, query) => {
    const [app, area, name, action] = parts;
    if (area === "sql") return sqlRoutes(request, response, name);
    const flood = app === "order-flood";
    const limit = Number(query.get("limit") ?? 100);
    if (area === "charts") return json(response, 200, flood ? [chart(shop.points)] : []);
    if (area === "streams" && action === "tail") return listen(request, response, "tail", flood ? name : "");
    if (area === "streams" && action === "rows") {
      const rows = flood ? shop.rows.map((row) => sample(name, row)).filter((row) => row !== null).slice(0, limit) : [];
      return json(response, 200, { last: shop.ordinal, rows });
    }
    if (area === "alarms" && name === undefined) {
      const { alarm, key, firing, rows, max, last_message, held_rows } = statusOf(shop, Date.now()).apps[0].alarms[0];
      const alarms = [{ alarm, key, firing, fired_at: shop.firedAt, last_row: shop.lastRow, rows, max, last_message, held_rows }];
      return flood ? json(response, 200, alarms) : notFound(response, "an alarm of this application");
    }
    if (area === "alarms" && name === "events") return json(response, 200, flood ? shop.events.slice(0, limit) : []);
    if (area === "alarms" && name === "deliveries" && parts[4] === "redrive" && request.method === "POST") {
      const delivery = shop.deliveries.find((one) => String(one.id) === action);
      if (delivery === undefined) return notFound(response, `delivery ${action}`);
      Object.assign(delivery, { state: "sent", attempts: delivery.attempts + 1, last_error: null });
      return json(response, 200, {});
    }
    if (area === "alarms" && name === "deliveries") {
      const wanted = query.get("state");
      const list = shop.deliveries.filter((one) => wanted === null || one.state === wanted);
      return json(response, 200, flood ? list.slice(0, limit) : []);
    }
    if (area === "history") {
      const month = new Date().toISOString().slice(0, 7);
      const months = [{ month: "2018-09", alarms: 2, orders_max: 61 }, { month: "2018-10", alarms: 5, orders_max: 97 }, { month, alarms: shop.events.filter((event) => event.kind === "message").length, orders_max: shop.max }];
      return json(response, 200, flood ? [{ target: "history", error: "", months, rows: [] }] : []);
    }
    if (area === "dead-letters" && name === undefined) return json(response, 200, { letters: flood ? shop.letters.slice(0, limit) : [], next: null });
    if (area === "dead-letters") {
      const found = shop.letters.find((one) => one.id === name);
      if (found === undefined) return notFound(response, `dead letter ${name}`);
      if (request.method === "DELETE" || found.ordinal === 87) {
        shop.letters = shop.letters.filter((one) => one !== found);
        return json(response, 200, {});
      }
      found.redrives += 1;
      return json(response, 409, { error: { code: "Conflict", message: `${found.output} refused the row again: ${found.reason}` } });
    }
    return notFound(response, request.url);
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (parts[0] === "mock") {
      // For the test of reconnecting: ends every event stream, and answers none until it is told to.
      down = parts[1] === "down";
      if (down) for (const { response: open } of listeners) open.end();
      return json(response, 200, {});
    }
    if (down) return json(response, 503, { error: { code: "Unavailable", message: "stopping" } });
    if (url.pathname === "/api/status") return json(response, 200, statusOf(shop, Date.now()));
    if (url.pathname === "/api/events") return listen(request, response, "events", "");
    if (parts[0] === "api" && parts[1] === "apps") return appRoutes(request, response, parts.slice(2), url.searchParams);
    return serveFile(url.pathname, response);
  });
  server.on("close", () => clearInterval(tick));
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

async function serveFile(pathname, response) {
  const path = normalize(join(dist, pathname === "/" ? "index.html" : pathname));
  try {
    if (!path.startsWith(dist)) throw new Error("outside");
    const body = await readFile(path);
    response.writeHead(200, { "Content-Type": types[extname(path)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await startMock(Number(process.argv[2] ?? 8090));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
