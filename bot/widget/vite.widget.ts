// Builds the widget into one classic script: dist/widget.js, nothing beside it.
import { defineConfig } from "vite";

export default defineConfig({
  root: "bot/widget",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: false, // the shop's pages live beside it
    target: "es2022",
    cssTarget: "esnext",
    cssMinify: true,
    lib: { entry: "src/main.tsx", formats: ["iife"], name: "SwitchboardWidget", fileName: () => "widget.js" },
  },
  define: { "process.env.NODE_ENV": '"production"' },
});
