import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { messages } from "./plugins/messages.ts";

export default defineConfig({
  plugins: [messages(), react()],
  base: "/",
  build: {
    // The gateway serves /assets/ as immutable: every name there carries a hash of its content.
    assetsDir: "assets",
    assetsInlineLimit: 0,
    target: "es2022",
    // ECharts is most of the page and changes seldom: a file of its own stays in caches.
    rollupOptions: {
      output: { manualChunks: (id) => (/node_modules\/(echarts|zrender)/.test(id) ? "charts" : undefined) },
    },
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  // The texts lie beside the code that shares them, outside this folder.
  server: { proxy: { "/api": "http://127.0.0.1:8080" }, fs: { allow: ["../../.."] } },
});
