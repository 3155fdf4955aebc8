// Fails the build when the widget that every page of a customer's site loads grows past its promise.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 30_000; // bytes, gzip -9: about a third of a second on a slow phone line
const size = gzipSync(readFileSync("bot/widget/dist/widget.js"), { level: 9 }).length;
console.log(`widget.js: ${size} bytes gzip of ${LIMIT} allowed`);
if (size > LIMIT) process.exit(1);
