// Front-end tests: pure modules and small components, in a pretended browser.
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "happy-dom",
    include: ["bot/widget/src/**/*.test.{ts,tsx}", "handover/console/src/**/*.test.{ts,tsx}"],
  },
});
