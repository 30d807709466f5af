import { defineConfig } from "vitest/config";

// Everything comes from the server's own origin, and nothing is inlined: the page runs under a strict
// Content-Security-Policy without 'unsafe-inline'.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2021",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
