// Builds the demo shop's page at "/": an index.html, one style sheet, one small script.
import { defineConfig } from "vite";

export default defineConfig({
  root: "bot/widget/src/shop",
  base: "/shop/",
  publicDir: false,
  build: {
    outDir: "../../dist/shop",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: "esnext",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: { entryFileNames: "shop.js", assetFileNames: "[name][extname]" },
    },
  },
});
