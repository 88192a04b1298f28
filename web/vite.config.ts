import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** A `visavis serve --dev` that `npm run dev` talks to. */
const server = process.env.VISAVIS_DEV_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../visavis/page",
    emptyOutDir: true,
    // Nothing inline and no data: addresses, so that a strict Content-Security-Policy holds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": server, "/socket.io": { target: server, ws: true } },
  },
});
