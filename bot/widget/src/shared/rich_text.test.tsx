import { render } from "preact";
import { describe, expect, it } from "vitest";
import { safeUrl, Words } from "./rich_text";

function shown(html: string): HTMLElement {
  const box = document.createElement("div");
  render(<Words text="plain" html={html} />, box);
  return box;
}

describe("a message's words", () => {
  it("keeps the tags of a message and checked links", () => {
    const box = shown('<p>Within <strong>60 days</strong>, see <a href="https://shop.example/help">here</a>.</p><ul><li>One</li></ul>');
    expect(box.querySelector("strong")?.textContent).toBe("60 days");
    expect(box.querySelector("a")?.getAttribute("rel")).toContain("noopener");
    expect(box.querySelectorAll("li")).toHaveLength(1);
  });

  const hostile = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1><a xlink:href='javascript:window.hit=1'>x</a></svg>",
    "<p onclick=window.hit=1 style='background:url(https://evil.example)' class=x id=y>x</p>",
    "<a href='javascript:window.hit=1'>x</a>",
    "<a href=' java\tscript:window.hit=1'>x</a>",
    "<a href='data:text/html,<script>window.hit=1</script>'>x</a>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<form action=https://evil.example><input name=a><button>x</button></form>",
    "<math><mi//xlink:href='data:x,<script>window.hit=1</script>'>",
    "<style>@import 'https://evil.example'</style>",
    "<template><script>window.hit=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "<custom-element onconnected=window.hit=1></custom-element>",
  ];
  it.each(hostile)("builds nothing that could run or fetch from %s", (html) => {
    const box = shown(html);
    for (const element of box.querySelectorAll(".words *")) {
      expect(["p", "a", "strong", "em", "ul", "ol", "li", "br"]).toContain(element.localName);
      for (const { name, value } of element.attributes) {
        expect(["href", "target", "rel"]).toContain(name);
        if (name === "href") expect(value).toMatch(/^(https?:|mailto:)/);
      }
    }
    expect((window as unknown as { hit?: number }).hit).toBeUndefined();
  });

  it("shows plain text as text, whatever it looks like", () => {
    const box = document.createElement("div");
    render(<Words text="<img src=x onerror=alert(1)> **hi**" />, box);
    expect(box.querySelector("img")).toBeNull();
    expect(box.textContent).toBe("<img src=x onerror=alert(1)> **hi**");
  });

  it("stands nesting without end", () => {
    expect(shown("<blockquote>".repeat(5_000) + "deep").querySelectorAll("blockquote").length).toBeLessThan(30);
  });

  it("links only to the web and to mail", () => {
    expect(safeUrl("https://shop.example/a")).toBe("https://shop.example/a");
    expect(safeUrl("mailto:help@shop.example")).toBe("mailto:help@shop.example");
    for (const bad of ["javascript:x", "/console", "//", "", null, "file:///etc/passwd", "vbscript:x"]) expect(safeUrl(bad)).toBeNull();
  });
});
