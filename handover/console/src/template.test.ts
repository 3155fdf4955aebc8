import { describe, expect, it } from "vitest";
import { filledIn, templateIn } from "./template";

const filled = { name: " order_update ", language: "en", parameters: "Mara\n\n TT-482913 ", text: "Hello Mara" };

describe("a template's form", () => {
  it("is read back as it was kept, and what is no form's is an empty one", () => {
    expect(filledIn(JSON.stringify(filled))).toEqual(filled);
    const empty = { name: "", language: "en", parameters: "", text: "" };
    for (const kept of ["", "null", "[1]", "3", '{"name":7}', "{broken"]) expect(filledIn(kept)).toEqual(empty);
  });

  it("becomes a name, a language and one parameter a line", () => {
    expect(templateIn(filled)).toEqual({
      template: { name: "order_update", language: "en", parameters: ["Mara", "TT-482913"] },
      lacks: "",
    });
    expect(templateIn({ ...filled, parameters: " " }).template).toEqual({ name: "order_update", language: "en" });
  });

  it("says what it lacks", () => {
    expect(templateIn({ ...filled, name: " " }).lacks).toBe("Write the template's name.");
    expect(templateIn({ ...filled, language: "" }).lacks).toBe("Write its language.");
    expect(templateIn({ ...filled, text: "" }).lacks).toBe("Write what it reads like.");
    expect(templateIn({ ...filled, parameters: "x\n".repeat(21) }).lacks).toBe("At most 20 parameters fit.");
    expect(templateIn({ ...filled, parameters: "x".repeat(1_025) }).lacks).toContain("at most 1024 characters");
  });
});
