// Builds the agents' console, served under /console/.
import { defineConfig } from "vite";

export default defineConfig({
  root: "handover/console",
  base: "/console/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: "esnext",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
